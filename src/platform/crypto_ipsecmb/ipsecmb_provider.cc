// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto_ipsecmb/ipsecmb_provider.h"

#include <intel-ipsec-mb.h>

#include <cstring>
#include <string>

#include "base/assert.h"

namespace holdfast::platform {
namespace {

using crypto::AeadPiece;
using crypto::Cipher;
using crypto::kSignatureSize;
using crypto::SigningAlgorithm;

/// Never changed after it is made; keyed objects hold it for its table of functions.
using Manager = std::shared_ptr<const IMB_MGR>;

Manager make_manager() {
  IMB_MGR* manager = alloc_mb_mgr(0);
  if (manager == nullptr) return nullptr;
  Manager owned(manager, [](const IMB_MGR* m) { free_mb_mgr(const_cast<IMB_MGR*>(m)); });
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager, &architecture);
  constexpr std::uint64_t kNeeded = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
  const bool usable = imb_get_errno(manager) == 0 && (manager->features & kNeeded) == kNeeded &&
                      architecture != IMB_ARCH_NONE && architecture != IMB_ARCH_NOAESNI;
  if (!usable) return nullptr;
  return owned;
}

/// An expanded key, wiped at the end.
struct GcmKey {
  // The library stores with aligned instructions, but its header aligns only if LINUX is defined.
  alignas(64) gcm_key_data data;
  GcmKey() = default;
  GcmKey(const GcmKey&) = delete;
  GcmKey& operator=(const GcmKey&) = delete;
  ~GcmKey() { imb_clear_mem(&data, sizeof data); }
};

class GmacSigner final : public crypto::Signer {
 public:
  GmacSigner(Manager manager, Bytes key) : manager_(std::move(manager)) {
    HF_ASSERT(key.size() <= crypto::kSigningKeySize);
    std::array<std::uint8_t, crypto::kSigningKeySize> padded{};
    if (!key.empty()) std::memcpy(padded.data(), key.data(), key.size());
    IMB_AES128_GCM_PRE(manager_.get(), padded.data(), &key_.data);
    imb_clear_mem(padded.data(), padded.size());
  }

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::kAes128Gmac; }

  void sign(std::span<const Bytes> pieces, const crypto::SigningNonce& nonce,
            crypto::Signature& out) const override {
    const auto iv = crypto::gmac_nonce(nonce);
    alignas(64) gcm_context_data context;
    IMB_AES128_GMAC_INIT(manager_.get(), &key_.data, &context, iv.data(), iv.size());
    for (const Bytes piece : pieces) {
      if (piece.empty()) continue;
      IMB_AES128_GMAC_UPDATE(manager_.get(), &key_.data, &context, piece.data(), piece.size());
    }
    IMB_AES128_GMAC_FINALIZE(manager_.get(), &key_.data, &context, out.data(), out.size());
  }

 private:
  Manager manager_;
  GcmKey key_;
};

/// The functions of one key size.
struct GcmFunctions {
  aes_gcm_init_t init;
  aes_gcm_enc_dec_update_t seal_update, open_update;
  aes_gcm_enc_dec_finalize_t seal_finalize, open_finalize;
  aes_gcm_enc_dec_t seal_whole, open_whole;
};

class GcmAead final : public crypto::Aead {
 public:
  GcmAead(Manager manager, Cipher cipher, Bytes key)
      : manager_(std::move(manager)), cipher_(cipher) {
    const IMB_MGR& m = *manager_;
    if (cipher == Cipher::kAes128Gcm) {
      m.gcm128_pre(key.data(), &key_.data);
      call_ = {m.gcm128_init,         m.gcm128_enc_update,   m.gcm128_dec_update,
               m.gcm128_enc_finalize, m.gcm128_dec_finalize, m.gcm128_enc,
               m.gcm128_dec};
    } else {
      m.gcm256_pre(key.data(), &key_.data);
      call_ = {m.gcm256_init,         m.gcm256_enc_update,   m.gcm256_dec_update,
               m.gcm256_enc_finalize, m.gcm256_dec_finalize, m.gcm256_enc,
               m.gcm256_dec};
    }
  }

  Cipher cipher() const override { return cipher_; }

  void seal(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
            MutBytes tag) const override {
    HF_ASSERT(nonce.size() == 12 && tag.size() == kSignatureSize);
    run(call_.seal_whole, call_.seal_update, call_.seal_finalize, nonce, aad, pieces, tag);
  }

  bool open(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces, Bytes tag) const override {
    HF_ASSERT(nonce.size() == 12 && tag.size() == kSignatureSize);
    crypto::Signature computed;
    run(call_.open_whole, call_.open_update, call_.open_finalize, nonce, aad, pieces, computed);
    if (equal_constant_time(computed, tag)) return true;
    for (const AeadPiece& piece : pieces) {
      if (piece.size != 0) std::memset(piece.out, 0, piece.size);
    }
    return false;
  }

 private:
  void run(aes_gcm_enc_dec_t whole, aes_gcm_enc_dec_update_t update,
           aes_gcm_enc_dec_finalize_t finalize, Bytes nonce, Bytes aad,
           std::span<const AeadPiece> pieces, MutBytes tag) const {
    alignas(64) gcm_context_data context;
    if (pieces.size() == 1 && pieces[0].size != 0) {
      whole(&key_.data, &context, pieces[0].out, pieces[0].in, pieces[0].size, nonce.data(),
            aad.data(), aad.size(), tag.data(), tag.size());
      return;
    }
    call_.init(&key_.data, &context, nonce.data(), aad.data(), aad.size());
    for (const AeadPiece& piece : pieces) {
      if (piece.size != 0) update(&key_.data, &context, piece.out, piece.in, piece.size);
    }
    finalize(&key_.data, &context, tag.data(), tag.size());
  }

  Manager manager_;
  Cipher cipher_;
  GcmFunctions call_;
  GcmKey key_;
};

class IpsecMbProvider final : public crypto::Provider {
 public:
  IpsecMbProvider(Manager manager, std::unique_ptr<crypto::Provider> next)
      : manager_(std::move(manager)),
        next_(std::move(next)),
        name_("ipsec-mb+" + std::string(next_->name())) {}

  std::string_view name() const override { return name_; }

  std::unique_ptr<crypto::Signer> make_signer(SigningAlgorithm algorithm,
                                              Bytes key) const override {
    if (algorithm == SigningAlgorithm::kAes128Gmac) {
      return std::make_unique<GmacSigner>(manager_, key);
    }
    return next_->make_signer(algorithm, key);
  }

  std::unique_ptr<crypto::Aead> make_aead(Cipher cipher, Bytes key) const override {
    HF_ASSERT(key.size() == crypto::key_size(cipher));
    if (!crypto::is_ccm(cipher)) return std::make_unique<GcmAead>(manager_, cipher, key);
    return next_->make_aead(cipher, key);
  }

  void sha256(std::span<const Bytes> pieces, MutBytes out) const override {
    next_->sha256(pieces, out);
  }
  void sha512(std::span<const Bytes> pieces, MutBytes out) const override {
    next_->sha512(pieces, out);
  }
  void hmac_sha256(Bytes key, std::span<const Bytes> pieces, MutBytes out) const override {
    next_->hmac_sha256(key, pieces, out);
  }

 private:
  Manager manager_;
  std::unique_ptr<crypto::Provider> next_;
  std::string name_;
};

}  // namespace

std::unique_ptr<crypto::Provider> make_ipsecmb_provider(std::unique_ptr<crypto::Provider>& next) {
  Manager manager = make_manager();
  if (manager == nullptr) return nullptr;
  return std::make_unique<IpsecMbProvider>(std::move(manager), std::move(next));
}

}  // namespace holdfast::platform
