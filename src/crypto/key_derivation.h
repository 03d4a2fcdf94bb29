// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "base/bytes.h"
#include "crypto/provider.h"
#include "crypto/types.h"

namespace holdfast::crypto {

/// SP 800-108 key derivation in counter mode with HMAC-SHA256 and r = 32 (MS-SMB2 3.1.4.2). `label`
/// and `context` are given with their terminating zeros. out: 16 or 32 octets; L is its size in
/// bits.
void derive_key(const Provider& provider, Bytes key, Bytes label, Bytes context, MutBytes out);

/// Connection.PreauthIntegrityHashValue and Session.PreauthIntegrityHashValue: SHA-512 over the
/// previous value and each message (MS-SMB2 3.3.5.4, 3.3.5.5). A value: a session begins with a
/// copy of its connection's.
class PreauthHash {
 public:
  /// Begins as 64 zeros.
  PreauthHash() = default;
  /// `pieces` together are one whole message from its SMB2 header on, without the transport header.
  void update(const Provider& provider, std::span<const Bytes> pieces);
  void update(const Provider& provider, Bytes message) {
    update(provider, std::span<const Bytes>(&message, 1));
  }
  Bytes value() const { return value_; }
  /// Goes on from a value().
  explicit PreauthHash(const std::array<std::uint8_t, 64>& value) : value_(value) {}
  const std::array<std::uint8_t, 64>& octets() const { return value_; }

 private:
  std::array<std::uint8_t, 64> value_{};
};

/// The keys of a session or channel, as MS-SMB2 3.3.5.5.3 names them (the server's view).
struct SessionKeys {
  std::array<std::uint8_t, kSigningKeySize> signing{};
  std::array<std::uint8_t, 16> application{};
  /// For what the server sends; the first `cipher_key_size` octets are used.
  std::array<std::uint8_t, 32> encryption{};
  /// For what the client sends.
  std::array<std::uint8_t, 32> decryption{};
  std::size_t cipher_key_size = 16;

  Bytes encryption_key() const { return Bytes(encryption).first(cipher_key_size); }
  Bytes decryption_key() const { return Bytes(decryption).first(cipher_key_size); }
};

/// Derives the keys of the dialect (0x0202 to 0x0311).
/// full_session_key: what the authentication gave, of any length up to 64 octets.
/// Session.SessionKey is its first 16 octets, filled with zeros; AES-256 derives from all of it
/// (MS-SMB2 3.3.5.5.3). cipher: that of the connection; ignored below 3.1.1, where it is
/// AES-128-CCM. preauth: Session.PreauthIntegrityHashValue; used by 3.1.1 only. For 2.0.2 and 2.1
/// `signing` and `application` are Session.SessionKey itself and there is no encryption.
SessionKeys derive_session_keys(const Provider& provider, std::uint16_t dialect,
                                Bytes full_session_key, Cipher cipher, const PreauthHash& preauth);

/// Only the signing key, as a channel has its own (Channel.SigningKey, MS-SMB2 3.3.5.5.3).
std::array<std::uint8_t, kSigningKeySize> derive_signing_key(const Provider& provider,
                                                             std::uint16_t dialect,
                                                             Bytes full_session_key,
                                                             const PreauthHash& preauth);

}  // namespace holdfast::crypto
