// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto_openssl/signers.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>

namespace holdfast::platform {
namespace {

using crypto::Signature;
using crypto::SigningAlgorithm;
using crypto::SigningNonce;
using Algorithms = std::shared_ptr<const OpenSslAlgorithms>;

/// AES-128-CMAC (RFC 4493) and HMAC-SHA256 cut to 16 octets.
class MacSigner final : public crypto::Signer {
 public:
  MacSigner(Algorithms algorithms, SigningAlgorithm algorithm, Bytes key)
      : algorithms_(std::move(algorithms)),
        algorithm_(algorithm),
        key_(key, crypto::kSigningKeySize) {}

  SigningAlgorithm algorithm() const override { return algorithm_; }

  void sign(std::span<const Bytes> pieces, const SigningNonce&, Signature& out) const override {
    const BorrowedMac context(idle_, [this] { return make(); });
    // Without a key OpenSSL starts again with the key it has.
    check(EVP_MAC_init(context.get(), nullptr, 0, nullptr));
    for (const Bytes piece : pieces) {
      if (piece.empty()) continue;
      check(EVP_MAC_update(context.get(), piece.data(), piece.size()));
    }
    std::array<std::uint8_t, 32> mac;
    std::size_t size = 0;
    check(EVP_MAC_final(context.get(), mac.data(), &size, mac.size()));
    HF_ASSERT(size >= out.size());
    std::copy_n(mac.begin(), out.size(), out.begin());
  }

 private:
  EVP_MAC_CTX* make() const {
    const bool is_cmac = algorithm_ == SigningAlgorithm::kAes128Cmac;
    EVP_MAC_CTX* context =
        check(EVP_MAC_CTX_new(is_cmac ? algorithms_->cmac.get() : algorithms_->hmac.get()));
    char aes_name[] = "AES-128-CBC";
    char sha256_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        is_cmac ? OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, aes_name, 0)
                : OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256_name, 0),
        OSSL_PARAM_construct_end()};
    check(EVP_MAC_init(context, key_.data(), key_.size(), parameters));
    return context;
  }

  Algorithms algorithms_;
  SigningAlgorithm algorithm_;
  KeyBytes key_;
  mutable MacPool idle_;
};

/// AES-128-GMAC (RFC 4543): GCM with nothing to encrypt.
class GmacSigner final : public crypto::Signer {
 public:
  GmacSigner(Algorithms algorithms, Bytes key)
      : algorithms_(std::move(algorithms)), key_(key, crypto::kSigningKeySize) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::kAes128Gmac; }

  void sign(std::span<const Bytes> pieces, const SigningNonce& nonce,
            Signature& out) const override {
    const BorrowedCipher context(idle_, [this] { return make(); });
    const auto iv = crypto::gmac_nonce(nonce);
    check(EVP_EncryptInit_ex2(context.get(), nullptr, nullptr, iv.data(), nullptr));
    int done = 0;
    for (Bytes piece : pieces) {
      while (!piece.empty()) {
        const Bytes part = piece.first(std::min(piece.size(), kMaxUpdate));
        const int size = static_cast<int>(part.size());
        check(EVP_EncryptUpdate(context.get(), nullptr, &done, part.data(), size));
        piece = piece.subspan(part.size());
      }
    }
    std::uint8_t nothing[16];
    check(EVP_EncryptFinal_ex(context.get(), nothing, &done));
    check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(out.size()),
                              out.data()));
  }

 private:
  /// OpenSSL counts with int.
  static constexpr std::size_t kMaxUpdate = 1u << 30;

  EVP_CIPHER_CTX* make() const {
    EVP_CIPHER_CTX* context = check(EVP_CIPHER_CTX_new());
    check(
        EVP_EncryptInit_ex2(context, algorithms_->aes128_gcm.get(), key_.data(), nullptr, nullptr));
    return context;
  }

  Algorithms algorithms_;
  KeyBytes key_;
  mutable CipherPool idle_;
};

}  // namespace

std::unique_ptr<crypto::Signer> make_openssl_signer(Algorithms algorithms,
                                                    SigningAlgorithm algorithm, Bytes key) {
  if (algorithm == SigningAlgorithm::kAes128Gmac) {
    return std::make_unique<GmacSigner>(std::move(algorithms), key);
  }
  return std::make_unique<MacSigner>(std::move(algorithms), algorithm, key);
}

}  // namespace holdfast::platform
