// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <initializer_list>
#include <span>

#include "base/bytes.h"

/// What NTLM needs and nothing else may use. Implemented here because libraries move these
/// algorithms into modules that are not always installed, or refuse them in FIPS mode.
namespace holdfast::crypto {

using Digest16 = std::array<std::uint8_t, 16>;

/// RFC 1320.
Digest16 md4(std::span<const Bytes> pieces);
/// RFC 1321.
Digest16 md5(std::span<const Bytes> pieces);
/// RFC 2104 with MD5. `key` of any length.
Digest16 hmac_md5(Bytes key, std::span<const Bytes> pieces);

inline Digest16 md4(Bytes octets) { return md4(std::span<const Bytes>(&octets, 1)); }
inline Digest16 md5(Bytes octets) { return md5(std::span<const Bytes>(&octets, 1)); }
inline Digest16 hmac_md5(Bytes key, Bytes octets) {
  return hmac_md5(key, std::span<const Bytes>(&octets, 1));
}
inline Digest16 md5(std::initializer_list<Bytes> pieces) {
  return md5(std::span(pieces.begin(), pieces.size()));
}
inline Digest16 hmac_md5(Bytes key, std::initializer_list<Bytes> pieces) {
  return hmac_md5(key, std::span(pieces.begin(), pieces.size()));
}

/// RC4 with its running state (RFC 6229 has the vectors). Encryption and decryption are the same.
class Rc4 {
 public:
  /// `key` has 1 to 256 octets.
  explicit Rc4(Bytes key);
  /// Applies the next in.size() octets of the key stream. `out` has the same size and is the same
  /// place or does not overlap.
  void apply(Bytes in, MutBytes out);

 private:
  std::array<std::uint8_t, 256> state_;
  std::uint8_t i_ = 0;
  std::uint8_t j_ = 0;
};

}  // namespace holdfast::crypto
