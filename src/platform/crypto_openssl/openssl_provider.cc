// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto_openssl/openssl_provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "platform/crypto_openssl/aead.h"
#include "platform/crypto_openssl/openssl_handles.h"
#include "platform/crypto_openssl/signers.h"

namespace holdfast::platform {
namespace {

void digest(const EVP_MD* algorithm, std::span<const Bytes> pieces, MutBytes out) {
  HF_ASSERT(out.size() == static_cast<std::size_t>(EVP_MD_get_size(algorithm)));
  const OpenSslPtr<EVP_MD_CTX> context(check(EVP_MD_CTX_new()));
  check(EVP_DigestInit_ex2(context.get(), algorithm, nullptr));
  for (const Bytes piece : pieces) {
    check(EVP_DigestUpdate(context.get(), piece.data(), piece.size()));
  }
  check(EVP_DigestFinal_ex(context.get(), out.data(), nullptr));
}

EVP_CIPHER* cipher(const char* name) { return check(EVP_CIPHER_fetch(nullptr, name, nullptr)); }

}  // namespace

OpenSslProvider::OpenSslProvider() {
  auto a = std::make_shared<OpenSslAlgorithms>();
  a->cmac.reset(check(EVP_MAC_fetch(nullptr, "CMAC", nullptr)));
  a->hmac.reset(check(EVP_MAC_fetch(nullptr, "HMAC", nullptr)));
  a->sha256.reset(check(EVP_MD_fetch(nullptr, "SHA2-256", nullptr)));
  a->sha512.reset(check(EVP_MD_fetch(nullptr, "SHA2-512", nullptr)));
  a->aes128_gcm.reset(cipher("AES-128-GCM"));
  a->aes256_gcm.reset(cipher("AES-256-GCM"));
  a->aes128_ccm.reset(cipher("AES-128-CCM"));
  a->aes256_ccm.reset(cipher("AES-256-CCM"));
  a->aes128_cbc.reset(cipher("AES-128-CBC"));
  a->aes256_cbc.reset(cipher("AES-256-CBC"));
  a->aes128_ctr.reset(cipher("AES-128-CTR"));
  a->aes256_ctr.reset(cipher("AES-256-CTR"));
  algorithms_ = std::move(a);
}

OpenSslProvider::~OpenSslProvider() = default;

std::unique_ptr<crypto::Signer> OpenSslProvider::make_signer(crypto::SigningAlgorithm algorithm,
                                                             Bytes key) const {
  return make_openssl_signer(algorithms_, algorithm, key);
}

std::unique_ptr<crypto::Aead> OpenSslProvider::make_aead(crypto::Cipher cipher, Bytes key) const {
  return make_openssl_aead(algorithms_, cipher, key);
}

void OpenSslProvider::sha256(std::span<const Bytes> pieces, MutBytes out) const {
  digest(algorithms_->sha256.get(), pieces, out);
}

void OpenSslProvider::sha512(std::span<const Bytes> pieces, MutBytes out) const {
  digest(algorithms_->sha512.get(), pieces, out);
}

void OpenSslProvider::hmac_sha256(Bytes key, std::span<const Bytes> pieces, MutBytes out) const {
  HF_ASSERT(out.size() == 32);
  const OpenSslPtr<EVP_MAC_CTX> context(check(EVP_MAC_CTX_new(algorithms_->hmac.get())));
  // A null key means "keep the key" to OpenSSL, so an empty one needs an address.
  const std::uint8_t empty[1] = {0};
  const std::uint8_t* octets = key.empty() ? empty : key.data();
  char sha256_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256_name, 0),
      OSSL_PARAM_construct_end()};
  check(EVP_MAC_init(context.get(), octets, key.size(), parameters));
  for (const Bytes piece : pieces) check(EVP_MAC_update(context.get(), piece.data(), piece.size()));
  std::size_t size = 0;
  check(EVP_MAC_final(context.get(), out.data(), &size, out.size()));
}

}  // namespace holdfast::platform
