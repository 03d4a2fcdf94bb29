// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "platform/crypto_openssl/aead.h"

namespace holdfast::platform {
namespace {

using crypto::AeadPiece;
using crypto::Cipher;

constexpr std::size_t kBlock = 16;
constexpr std::size_t kNonceSize = 11;
/// Octets of the length field in the first block (q of SP 800-38C): 15 less the nonce.
constexpr std::size_t kLengthSize = 15 - kNonceSize;
/// Stays in the first-level cache between the two passes.
constexpr std::size_t kChunk = 4096;
/// What one call of OpenSSL and the length field take.
constexpr std::size_t kMaxMessage = 1u << 30;

/// The CBC-MAC of CCM (SP 800-38C 6.1): CBC encryption of which only the last block is kept.
class CbcMac {
 public:
  explicit CbcMac(EVP_CIPHER_CTX* cbc) : cbc_(cbc) {
    const std::uint8_t zero[kBlock] = {};
    check(EVP_EncryptInit_ex2(cbc_, nullptr, nullptr, zero, nullptr));
  }
  /// At most kChunk octets.
  void update(Bytes octets) {
    if (octets.empty()) return;
    int done = 0;
    check(EVP_EncryptUpdate(cbc_, scratch_.data(), &done, octets.data(),
                            static_cast<int>(octets.size())));
    if (done > 0) {
      std::memcpy(last_.data(), scratch_.data() + done - kBlock, kBlock);
    }
    fill_ = (fill_ + octets.size()) % kBlock;
  }
  void pad() {
    const std::uint8_t zero[kBlock] = {};
    if (fill_ != 0) update(Bytes(zero).first(kBlock - fill_));
  }
  Bytes value() const { return last_; }

 private:
  EVP_CIPHER_CTX* cbc_;
  std::size_t fill_ = 0;
  std::array<std::uint8_t, kBlock> last_{};
  std::array<std::uint8_t, kChunk + kBlock> scratch_;
};

class CcmAead final : public crypto::Aead {
 public:
  CcmAead(std::shared_ptr<const OpenSslAlgorithms> algorithms, Cipher cipher, Bytes key)
      : algorithms_(std::move(algorithms)), cipher_(cipher), key_(key, crypto::key_size(cipher)) {}

  Cipher cipher() const override { return cipher_; }

  void seal(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
            MutBytes tag) const override {
    HF_ASSERT(tag.size() == kBlock);
    const AeadPiece* single = only_piece(pieces);
    if (single != nullptr) {
      const BorrowedCipher context(idle_seal_, [this] { return make_ccm(1); });
      check(EVP_CipherInit_ex2(context.get(), nullptr, nullptr, nonce.data(), 1, nullptr));
      HF_ASSERT(whole(context.get(), aad, *single));
      check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                                tag.data()));
      return;
    }
    std::array<std::uint8_t, kBlock> computed;
    in_pieces(true, nonce, aad, pieces, computed);
    std::copy(computed.begin(), computed.end(), tag.begin());
  }

  bool open(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces, Bytes tag) const override {
    HF_ASSERT(tag.size() == kBlock);
    std::array<std::uint8_t, kBlock> other;
    bool right = false;
    if (const AeadPiece* single = only_piece(pieces)) {
      std::copy(tag.begin(), tag.end(), other.begin());
      const BorrowedCipher context(idle_open_, [this] { return make_ccm(0); });
      check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG,
                                static_cast<int>(other.size()), other.data()));
      check(EVP_CipherInit_ex2(context.get(), nullptr, nullptr, nonce.data(), 0, nullptr));
      right = whole(context.get(), aad, *single);
    } else {
      in_pieces(false, nonce, aad, pieces, other);
      right = equal_constant_time(other, tag);
    }
    if (!right) wipe_outputs(pieces);
    return right;
  }

 private:
  /// The one piece that has octets, if exactly one has.
  static const AeadPiece* only_piece(std::span<const AeadPiece> pieces) {
    const AeadPiece* found = nullptr;
    for (const AeadPiece& piece : pieces) {
      if (piece.size == 0) continue;
      if (found != nullptr) return nullptr;
      found = &piece;
    }
    return found;
  }

  /// CCM of one stretch: OpenSSL wants its length, the associated data and all of it in one call.
  /// False only when decrypting with a wrong tag.
  static bool whole(EVP_CIPHER_CTX* context, Bytes aad, const AeadPiece& piece) {
    HF_ASSERT(piece.size <= kMaxMessage && aad.size() <= kMaxMessage);
    int done = 0;
    const int size = static_cast<int>(piece.size);
    check(EVP_CipherUpdate(context, nullptr, &done, nullptr, size));
    if (!aad.empty()) {
      check(EVP_CipherUpdate(context, nullptr, &done, aad.data(), static_cast<int>(aad.size())));
    }
    return EVP_CipherUpdate(context, piece.out, &done, piece.in, size) == 1;
  }

  void in_pieces(bool encrypt, Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
                 std::array<std::uint8_t, kBlock>& tag) const {
    HF_ASSERT(nonce.size() == kNonceSize);
    const BorrowedCipher cbc(idle_cbc_, [this] { return make(pick(Mode::kCbc)); });
    const BorrowedCipher ctr(idle_ctr_, [this] { return make(pick(Mode::kCtr)); });
    CbcMac mac(cbc.get());
    start_mac(mac, nonce, aad, pieces);

    // Counter block 0 masks the tag; the payload begins with counter 1.
    std::array<std::uint8_t, kBlock> counter{};
    counter[0] = kLengthSize - 1;
    std::copy(nonce.begin(), nonce.end(), counter.begin() + 1);
    check(EVP_EncryptInit_ex2(ctr.get(), nullptr, nullptr, counter.data(), nullptr));
    std::array<std::uint8_t, kBlock> mask{};
    int done = 0;
    check(EVP_EncryptUpdate(ctr.get(), mask.data(), &done, mask.data(), kBlock));

    for (const AeadPiece& piece : pieces) {
      for (std::size_t at = 0; at < piece.size;) {
        const std::size_t size = std::min(piece.size - at, kChunk);
        if (encrypt) mac.update(Bytes(piece.in + at, size));
        check(EVP_EncryptUpdate(ctr.get(), piece.out + at, &done, piece.in + at,
                                static_cast<int>(size)));
        if (!encrypt) mac.update(Bytes(piece.out + at, size));
        at += size;
      }
    }
    mac.pad();
    for (std::size_t i = 0; i < kBlock; ++i) tag[i] = mac.value()[i] ^ mask[i];
  }

  /// The first block and the associated data (SP 800-38C A.2).
  static void start_mac(CbcMac& mac, Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces) {
    std::size_t total = 0;
    for (const AeadPiece& piece : pieces) total += piece.size;
    HF_ASSERT(total <= kMaxMessage && aad.size() <= kMaxMessage);
    constexpr unsigned kTagCode = (kBlock - 2) / 2;
    std::array<std::uint8_t, kBlock> first{};
    first[0] =
        static_cast<std::uint8_t>((aad.empty() ? 0 : 0x40) | kTagCode << 3 | (kLengthSize - 1));
    std::copy(nonce.begin(), nonce.end(), first.begin() + 1);
    for (std::size_t i = 0; i < kLengthSize; ++i) {
      first[kBlock - 1 - i] = static_cast<std::uint8_t>(total >> (8 * i));
    }
    mac.update(first);
    if (aad.empty()) return;
    const auto byte = [&](unsigned shift) {
      return static_cast<std::uint8_t>(aad.size() >> shift);
    };
    const std::uint8_t few[2] = {byte(8), byte(0)};
    const std::uint8_t many[6] = {0xff, 0xfe, byte(24), byte(16), byte(8), byte(0)};
    if (aad.size() < 0xff00) {
      mac.update(few);
    } else {
      mac.update(many);
    }
    for (; !aad.empty(); aad = aad.subspan(std::min(aad.size(), kChunk))) {
      mac.update(aad.first(std::min(aad.size(), kChunk)));
    }
    mac.pad();
  }

  enum class Mode { kCbc, kCtr };
  const EVP_CIPHER* pick(Mode mode) const {
    const bool small = cipher_ == Cipher::kAes128Ccm;
    if (mode == Mode::kCbc) {
      return small ? algorithms_->aes128_cbc.get() : algorithms_->aes256_cbc.get();
    }
    return small ? algorithms_->aes128_ctr.get() : algorithms_->aes256_ctr.get();
  }

  EVP_CIPHER_CTX* make(const EVP_CIPHER* algorithm) const {
    EVP_CIPHER_CTX* context = check(EVP_CIPHER_CTX_new());
    check(EVP_EncryptInit_ex2(context, algorithm, key_.data(), nullptr, nullptr));
    check(EVP_CIPHER_CTX_set_padding(context, 0));
    return context;
  }

  /// OpenSSL chooses the code for the direction when the key is set, so a context has one
  /// direction.
  EVP_CIPHER_CTX* make_ccm(int encrypt) const {
    EVP_CIPHER_CTX* context = check(EVP_CIPHER_CTX_new());
    const EVP_CIPHER* algorithm = cipher_ == Cipher::kAes128Ccm ? algorithms_->aes128_ccm.get()
                                                                : algorithms_->aes256_ccm.get();
    check(EVP_CipherInit_ex2(context, algorithm, nullptr, nullptr, encrypt, nullptr));
    check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, kNonceSize, nullptr));
    check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kBlock, nullptr));
    check(EVP_CipherInit_ex2(context, nullptr, key_.data(), nullptr, encrypt, nullptr));
    return context;
  }

  std::shared_ptr<const OpenSslAlgorithms> algorithms_;
  Cipher cipher_;
  KeyBytes key_;
  mutable CipherPool idle_seal_;
  mutable CipherPool idle_open_;
  mutable CipherPool idle_cbc_;
  mutable CipherPool idle_ctr_;
};

}  // namespace

std::unique_ptr<crypto::Aead> make_openssl_ccm(std::shared_ptr<const OpenSslAlgorithms> algorithms,
                                               Cipher cipher, Bytes key) {
  return std::make_unique<CcmAead>(std::move(algorithms), cipher, key);
}

}  // namespace holdfast::platform
