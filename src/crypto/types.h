// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::crypto {

/// How messages are signed. The values are those of SMB2_SIGNING_CAPABILITIES (MS-SMB2 2.2.3.1.7).
enum class SigningAlgorithm : std::uint16_t {
  kHmacSha256 = 0x0000,
  kAes128Cmac = 0x0001,
  kAes128Gmac = 0x0002,
};

/// How messages are encrypted. The values are those of SMB2_ENCRYPTION_CAPABILITIES
/// (MS-SMB2 2.2.3.1.2).
enum class Cipher : std::uint16_t {
  kAes128Ccm = 0x0001,
  kAes128Gcm = 0x0002,
  kAes256Ccm = 0x0003,
  kAes256Gcm = 0x0004,
};

/// Octets of a signature and of the tag of every cipher.
inline constexpr std::size_t kSignatureSize = 16;
/// Octets of the key of every signing algorithm.
inline constexpr std::size_t kSigningKeySize = 16;

constexpr bool is_ccm(Cipher c) { return c == Cipher::kAes128Ccm || c == Cipher::kAes256Ccm; }
/// Octets of the key of a cipher: 16 or 32.
constexpr std::size_t key_size(Cipher c) {
  return c == Cipher::kAes128Ccm || c == Cipher::kAes128Gcm ? 16 : 32;
}
/// Octets of the Nonce field of a TRANSFORM_HEADER that the cipher takes: the first 11 or 12 of 16
/// (MS-SMB2 2.2.41); the rest is zero.
constexpr std::size_t nonce_size(Cipher c) { return is_ccm(c) ? 11 : 12; }

constexpr bool is_known(SigningAlgorithm a) { return static_cast<std::uint16_t>(a) <= 2; }
constexpr bool is_known(Cipher c) {
  return static_cast<std::uint16_t>(c) >= 1 && static_cast<std::uint16_t>(c) <= 4;
}
/// "AES-128-CMAC", for people.
std::string_view name(SigningAlgorithm algorithm);
std::string_view name(Cipher cipher);

using Signature = std::array<std::uint8_t, kSignatureSize>;

}  // namespace holdfast::crypto
