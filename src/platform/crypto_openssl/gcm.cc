// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "platform/crypto_openssl/aead.h"

namespace holdfast::platform {
namespace {

using crypto::AeadPiece;
using crypto::Cipher;

/// OpenSSL counts with int.
constexpr std::size_t kMaxUpdate = 1u << 30;

class GcmAead final : public crypto::Aead {
 public:
  GcmAead(std::shared_ptr<const OpenSslAlgorithms> algorithms, Cipher cipher, Bytes key)
      : algorithms_(std::move(algorithms)), cipher_(cipher), key_(key, crypto::key_size(cipher)) {}

  Cipher cipher() const override { return cipher_; }

  void seal(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
            MutBytes tag) const override {
    HF_ASSERT(tag.size() == crypto::kSignatureSize);
    const BorrowedCipher context(idle_, [this] { return make(); });
    process(context.get(), true, nonce, aad, pieces);
    int done = 0;
    std::uint8_t nothing[16];
    check(EVP_CipherFinal_ex(context.get(), nothing, &done));
    check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                              tag.data()));
  }

  bool open(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces, Bytes tag) const override {
    HF_ASSERT(tag.size() == crypto::kSignatureSize);
    const BorrowedCipher context(idle_, [this] { return make(); });
    process(context.get(), false, nonce, aad, pieces);
    std::array<std::uint8_t, crypto::kSignatureSize> expected;
    std::copy(tag.begin(), tag.end(), expected.begin());
    check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG,
                              static_cast<int>(expected.size()), expected.data()));
    int done = 0;
    std::uint8_t nothing[16];
    if (EVP_CipherFinal_ex(context.get(), nothing, &done) == 1) return true;
    wipe_outputs(pieces);
    return false;
  }

 private:
  static void process(EVP_CIPHER_CTX* context, bool encrypt, Bytes nonce, Bytes aad,
                      std::span<const AeadPiece> pieces) {
    HF_ASSERT(nonce.size() == 12 && aad.size() <= kMaxUpdate);
    check(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), encrypt ? 1 : 0, nullptr));
    int done = 0;
    if (!aad.empty()) {
      check(EVP_CipherUpdate(context, nullptr, &done, aad.data(), static_cast<int>(aad.size())));
    }
    for (const AeadPiece& piece : pieces) {
      for (std::size_t at = 0; at < piece.size;) {
        const std::size_t size = std::min(piece.size - at, kMaxUpdate);
        check(EVP_CipherUpdate(context, piece.out + at, &done, piece.in + at,
                               static_cast<int>(size)));
        at += size;
      }
    }
  }

  EVP_CIPHER_CTX* make() const {
    EVP_CIPHER_CTX* context = check(EVP_CIPHER_CTX_new());
    const EVP_CIPHER* algorithm = cipher_ == Cipher::kAes128Gcm ? algorithms_->aes128_gcm.get()
                                                                : algorithms_->aes256_gcm.get();
    check(EVP_EncryptInit_ex2(context, algorithm, key_.data(), nullptr, nullptr));
    return context;
  }

  std::shared_ptr<const OpenSslAlgorithms> algorithms_;
  Cipher cipher_;
  KeyBytes key_;
  mutable CipherPool idle_;
};

}  // namespace

void wipe_outputs(std::span<const AeadPiece> pieces) {
  for (const AeadPiece& piece : pieces) {
    if (piece.size != 0) std::memset(piece.out, 0, piece.size);
  }
}

std::unique_ptr<crypto::Aead> make_openssl_aead(std::shared_ptr<const OpenSslAlgorithms> algorithms,
                                                Cipher cipher, Bytes key) {
  HF_ASSERT(key.size() == crypto::key_size(cipher));
  if (crypto::is_ccm(cipher)) return make_openssl_ccm(std::move(algorithms), cipher, key);
  return std::make_unique<GcmAead>(std::move(algorithms), cipher, key);
}

}  // namespace holdfast::platform
