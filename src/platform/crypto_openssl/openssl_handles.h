// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/assert.h"
#include "base/bytes.h"
#include "platform/crypto_openssl/context_pool.h"

namespace holdfast::platform {

/// For calls that fail only when memory is gone or OpenSSL is broken.
inline void check(int ok) { HF_ASSERT(ok == 1); }
template <class T>
T* check(T* made) {
  HF_ASSERT(made != nullptr);
  return made;
}

struct OpenSslDeleter {
  void operator()(EVP_CIPHER* p) const { EVP_CIPHER_free(p); }
  void operator()(EVP_MAC* p) const { EVP_MAC_free(p); }
  void operator()(EVP_MD* p) const { EVP_MD_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(EVP_MAC_CTX* p) const { EVP_MAC_CTX_free(p); }
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};
template <class T>
using OpenSslPtr = std::unique_ptr<T, OpenSslDeleter>;

using CipherPool = ContextPool<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using BorrowedCipher = Borrowed<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using MacPool = ContextPool<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using BorrowedMac = Borrowed<EVP_MAC_CTX, EVP_MAC_CTX_free>;

/// A key of up to 32 octets, wiped at the end.
class KeyBytes {
 public:
  /// Fills with zeros up to `size`; what is longer is cut.
  KeyBytes(Bytes key, std::size_t size) : size_(size) {
    HF_ASSERT(size <= octets_.size());
    const std::size_t n = key.size() < size ? key.size() : size;
    if (n != 0) std::memcpy(octets_.data(), key.data(), n);
  }
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  ~KeyBytes() { OPENSSL_cleanse(octets_.data(), octets_.size()); }
  const std::uint8_t* data() const { return octets_.data(); }
  std::size_t size() const { return size_; }

 private:
  std::array<std::uint8_t, 32> octets_{};
  std::size_t size_;
};

/// The algorithms of one provider, fetched once.
struct OpenSslAlgorithms {
  OpenSslPtr<EVP_MAC> cmac, hmac;
  OpenSslPtr<EVP_MD> sha256, sha512;
  OpenSslPtr<EVP_CIPHER> aes128_gcm, aes256_gcm, aes128_ccm, aes256_ccm;
  OpenSslPtr<EVP_CIPHER> aes128_cbc, aes256_cbc, aes128_ctr, aes256_ctr;
};

}  // namespace holdfast::platform
