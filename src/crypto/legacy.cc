// SPDX-License-Identifier: Apache-2.0
#include "crypto/legacy.h"

#include <bit>
#include <utility>

#include "base/assert.h"

namespace holdfast::crypto {
namespace {

using State = std::array<std::uint32_t, 4>;
using Words = std::array<std::uint32_t, 16>;

constexpr State kInitial = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/// floor(2^32 * |sin(i + 1)|), RFC 1321 3.4.
constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

/// The three rounds of RFC 1320 3.4. The four words turn their roles after each step.
void md4_block(State& state, const Words& x) {
  static constexpr std::uint8_t kOrder[3][16] = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
      {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
      {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}};
  static constexpr std::uint8_t kShift[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
  static constexpr std::uint32_t kConstant[3] = {0, 0x5a827999, 0x6ed9eba1};
  auto [a, b, c, d] = state;
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < 16; ++i) {
      const std::uint32_t f = round == 0   ? (b & c) | (~b & d)
                              : round == 1 ? (b & c) | (b & d) | (c & d)
                                           : b ^ c ^ d;
      const std::uint32_t sum = a + f + x[kOrder[round][i]] + kConstant[round];
      a = std::exchange(d,
                        std::exchange(c, std::exchange(b, std::rotl(sum, kShift[round][i % 4]))));
    }
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

/// The four rounds of RFC 1321 3.4.
void md5_block(State& state, const Words& x) {
  static constexpr std::uint8_t kShift[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  auto [a, b, c, d] = state;
  for (unsigned i = 0; i < 64; ++i) {
    std::uint32_t f = 0;
    unsigned word = 0;
    switch (i / 16) {
      case 0: f = (b & c) | (~b & d), word = i; break;
      case 1: f = (d & b) | (~d & c), word = 5 * i + 1; break;
      case 2: f = b ^ c ^ d, word = 3 * i + 5; break;
      default: f = c ^ (b | ~d), word = 7 * i; break;
    }
    const std::uint32_t sum = a + f + kSines[i] + x[word % 16];
    const std::uint32_t next = b + std::rotl(sum, kShift[i / 16][i % 4]);
    a = std::exchange(d, std::exchange(c, std::exchange(b, next)));
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

/// What MD4 and MD5 share: blocks of 64 octets, padding, and the length in bits at the end.
template <void (*kBlock)(State&, const Words&)>
class Hasher {
 public:
  void update(Bytes octets) {
    total_ += octets.size();
    for (const std::uint8_t octet : octets) {
      block_[fill_++] = octet;
      if (fill_ == block_.size()) flush();
    }
  }
  Digest16 finish() {
    const std::uint64_t bits = total_ * 8;
    const std::uint8_t mark[1] = {0x80};
    const std::uint8_t zero[1] = {0};
    update(mark);
    while (fill_ != 56) update(zero);
    std::uint8_t length[8];
    store_u64(length, bits);
    update(length);
    Digest16 out;
    std::memcpy(out.data(), state_.data(), out.size());
    return out;
  }

 private:
  void flush() {
    Words words;
    std::memcpy(words.data(), block_.data(), block_.size());
    kBlock(state_, words);
    fill_ = 0;
  }

  State state_ = kInitial;
  std::array<std::uint8_t, 64> block_;
  std::size_t fill_ = 0;
  std::uint64_t total_ = 0;
};

template <void (*kBlock)(State&, const Words&)>
Digest16 digest(std::span<const Bytes> pieces) {
  Hasher<kBlock> hasher;
  for (const Bytes piece : pieces) hasher.update(piece);
  return hasher.finish();
}

}  // namespace

Digest16 md4(std::span<const Bytes> pieces) { return digest<md4_block>(pieces); }
Digest16 md5(std::span<const Bytes> pieces) { return digest<md5_block>(pieces); }

Digest16 hmac_md5(Bytes key, std::span<const Bytes> pieces) {
  std::array<std::uint8_t, 64> pad{};
  if (key.size() > pad.size()) {
    const Digest16 hashed = md5(key);
    std::memcpy(pad.data(), hashed.data(), hashed.size());
  } else if (!key.empty()) {
    std::memcpy(pad.data(), key.data(), key.size());
  }
  for (std::uint8_t& octet : pad) octet ^= 0x36;
  Hasher<md5_block> inner;
  inner.update(pad);
  for (const Bytes piece : pieces) inner.update(piece);
  for (std::uint8_t& octet : pad) octet ^= 0x36 ^ 0x5c;
  const Digest16 inner_digest = inner.finish();
  return md5({Bytes(pad), Bytes(inner_digest)});
}

Rc4::Rc4(Bytes key) {
  HF_ASSERT(!key.empty() && key.size() <= 256);
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] = static_cast<std::uint8_t>(i);
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    j = static_cast<std::uint8_t>(j + state_[i] + key[i % key.size()]);
    std::swap(state_[i], state_[j]);
  }
}

void Rc4::apply(Bytes in, MutBytes out) {
  HF_ASSERT(in.size() == out.size());
  for (std::size_t n = 0; n < in.size(); ++n) {
    ++i_;
    j_ = static_cast<std::uint8_t>(j_ + state_[i_]);
    std::swap(state_[i_], state_[j_]);
    out[n] = in[n] ^ state_[static_cast<std::uint8_t>(state_[i_] + state_[j_])];
  }
}

}  // namespace holdfast::crypto
