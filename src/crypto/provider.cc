// SPDX-License-Identifier: Apache-2.0
#include "crypto/provider.h"

namespace holdfast::crypto {

std::string_view name(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::kHmacSha256: return "HMAC-SHA256";
    case SigningAlgorithm::kAes128Cmac: return "AES-128-CMAC";
    case SigningAlgorithm::kAes128Gmac: return "AES-128-GMAC";
  }
  return "unknown";
}

std::string_view name(Cipher cipher) {
  switch (cipher) {
    case Cipher::kAes128Ccm: return "AES-128-CCM";
    case Cipher::kAes128Gcm: return "AES-128-GCM";
    case Cipher::kAes256Ccm: return "AES-256-CCM";
    case Cipher::kAes256Gcm: return "AES-256-GCM";
  }
  return "unknown";
}

std::array<std::uint8_t, 12> gmac_nonce(const SigningNonce& nonce) {
  std::array<std::uint8_t, 12> out{};
  store_u64(out.data(), nonce.message_id);
  store_u32(out.data() + 8, (nonce.from_server ? 1u : 0u) | (nonce.cancel ? 2u : 0u));
  return out;
}

}  // namespace holdfast::crypto
