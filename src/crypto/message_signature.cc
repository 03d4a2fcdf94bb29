// SPDX-License-Identifier: Apache-2.0
#include "crypto/message_signature.h"

#include <array>
#include <vector>

#include "base/assert.h"

namespace holdfast::crypto {
namespace {

// Where the fields of the SMB2 header are (MS-SMB2 2.2.1).
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kCommandOffset = 12;
constexpr std::size_t kMessageIdOffset = 24;
constexpr std::size_t kSignatureOffset = 48;
constexpr std::uint16_t kCommandCancel = 0x000C;
/// Pieces beside the header up to which no memory is allocated.
constexpr std::size_t kInlinePieces = 14;

SigningNonce nonce_of(Bytes header, bool from_server) {
  return {.message_id = load_u64(header.data() + kMessageIdOffset),
          .from_server = from_server,
          .cancel = load_u16(header.data() + kCommandOffset) == kCommandCancel};
}

void compute(const Signer& signer, Bytes message, std::span<const Bytes> rest, bool from_server,
             Signature& out) {
  // The header is hashed with its Signature field zero; a copy of it leaves the message as it is.
  std::array<std::uint8_t, kHeaderSize> header;
  std::memcpy(header.data(), message.data(), kHeaderSize);
  std::memset(header.data() + kSignatureOffset, 0, kSignatureSize);

  std::array<Bytes, kInlinePieces + 2> few;
  std::vector<Bytes> many;
  std::span<Bytes> pieces(few);
  if (rest.size() > kInlinePieces) {
    many.resize(rest.size() + 2);
    pieces = many;
  }
  pieces[0] = header;
  pieces[1] = message.subspan(kHeaderSize);
  for (std::size_t i = 0; i < rest.size(); ++i) pieces[2 + i] = rest[i];
  signer.sign(pieces.first(2 + rest.size()), nonce_of(message, from_server), out);
}

}  // namespace

void sign_message(const Signer& signer, MutBytes message, std::span<const Bytes> rest,
                  bool from_server) {
  HF_ASSERT(message.size() >= kHeaderSize);
  Signature signature;
  compute(signer, message, rest, from_server, signature);
  std::memcpy(message.data() + kSignatureOffset, signature.data(), kSignatureSize);
}

bool verify_message(const Signer& signer, Bytes message, std::span<const Bytes> rest,
                    bool from_server) {
  if (message.size() < kHeaderSize) return false;
  Signature signature;
  compute(signer, message, rest, from_server, signature);
  return equal_constant_time(signature, message.subspan(kSignatureOffset, kSignatureSize));
}

}  // namespace holdfast::crypto
