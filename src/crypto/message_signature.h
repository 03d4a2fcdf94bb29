// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/bytes.h"
#include "crypto/provider.h"

namespace holdfast::crypto {

/// Signs one SMB2 message (one element of a compound, with its padding): writes the Signature field
/// of its header (MS-SMB2 3.1.4.1). `message` begins with the 64 octets of the header and may be
/// continued by `rest`, so that a payload stays where it is. SMB2_FLAGS_SIGNED must be set already.
/// MessageId and Command are taken from the header.
void sign_message(const Signer& signer, MutBytes message, std::span<const Bytes> rest,
                  bool from_server);
inline void sign_message(const Signer& signer, MutBytes message, bool from_server) {
  sign_message(signer, message, {}, from_server);
}

/// True if the Signature field is right (MS-SMB2 3.1.5.1). The message is not changed. False too
/// for one shorter than a header.
[[nodiscard]] bool verify_message(const Signer& signer, Bytes message, std::span<const Bytes> rest,
                                  bool from_server);
[[nodiscard]] inline bool verify_message(const Signer& signer, Bytes message, bool from_server) {
  return verify_message(signer, message, {}, from_server);
}

/// One message to sign, or whose signature to check, among others.
struct MessageToSign {
  const Signer* signer = nullptr;
  /// As for sign_message; the octets of a message to check are not changed.
  MutBytes message;
  std::span<const Bytes> rest;
  bool from_server = false;
};

/// sign_message for each, side by side where the provider can (Provider::sign_batch). The signers
/// came from this provider.
void sign_messages(const Provider& provider, std::span<const MessageToSign> messages);

/// verify_message for each: results[i] says whether messages[i] is right. Both have the same size.
void verify_messages(const Provider& provider, std::span<const MessageToSign> messages,
                     std::span<bool> results);

}  // namespace holdfast::crypto
