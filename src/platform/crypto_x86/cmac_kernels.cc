// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstring>

#include "platform/crypto_x86/cmac.h"

namespace holdfast::platform {
namespace {

#define HF_AESNI __attribute__((target("aes,sse4.1")))
#define HF_VAES __attribute__((target("aes,vaes,avx512f,avx512vl")))

HF_AESNI inline __m128i load(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
HF_AESNI inline void store(void* p, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }

template <int kRcon>
HF_AESNI inline __m128i next_round_key(__m128i key) {
  const __m128i word = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, kRcon), 0xff);
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, word);
}

HF_AESNI void expand(const std::uint8_t* key, CmacKey& out) {
  __m128i k[kAes128RoundKeys];
  k[0] = load(key);
  k[1] = next_round_key<0x01>(k[0]);
  k[2] = next_round_key<0x02>(k[1]);
  k[3] = next_round_key<0x04>(k[2]);
  k[4] = next_round_key<0x08>(k[3]);
  k[5] = next_round_key<0x10>(k[4]);
  k[6] = next_round_key<0x20>(k[5]);
  k[7] = next_round_key<0x40>(k[6]);
  k[8] = next_round_key<0x80>(k[7]);
  k[9] = next_round_key<0x1b>(k[8]);
  k[10] = next_round_key<0x36>(k[9]);
  for (std::size_t i = 0; i < kAes128RoundKeys; ++i) store(out.round_keys[i].data(), k[i]);
}

/// Multiplies by x in GF(2^128), RFC 4493 2.3.
void double_block(const std::array<std::uint8_t, kAesBlock>& in,
                  std::array<std::uint8_t, kAesBlock>& out) {
  const bool carry = (in[0] & 0x80) != 0;
  for (std::size_t i = 0; i < kAesBlock; ++i) {
    const unsigned low = i + 1 < kAesBlock ? in[i + 1] >> 7 : 0;
    out[i] = static_cast<std::uint8_t>(in[i] << 1 | low);
  }
  if (carry) out[kAesBlock - 1] ^= 0x87;
}

/// One message. The first round key is merged into the data, which is not on the chain of waits.
HF_AESNI void chain(const CmacKey& key, std::uint8_t* state, const std::uint8_t* data,
                    std::size_t blocks) {
  __m128i k[kAes128RoundKeys];
  for (std::size_t i = 0; i < kAes128RoundKeys; ++i) k[i] = load(key.round_keys[i].data());
  __m128i x = load(state);
  for (std::size_t b = 0; b < blocks; ++b) {
    x = _mm_xor_si128(x, _mm_xor_si128(load(data + b * kAesBlock), k[0]));
    for (std::size_t i = 1; i < 10; ++i) x = _mm_aesenc_si128(x, k[i]);
    x = _mm_aesenclast_si128(x, k[10]);
  }
  store(state, x);
}

HF_AESNI void four_lanes(CmacLanes& lanes, std::size_t blocks) {
  constexpr std::size_t kLanes = 4;
  __m128i x[kLanes];
  for (std::size_t l = 0; l < kLanes; ++l) x[l] = load(lanes.state[l].data());
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      const __m128i whitened =
          _mm_xor_si128(load(lanes.data[l] + b * kAesBlock), load(lanes.keys[0][l].data()));
      x[l] = _mm_xor_si128(x[l], whitened);
    }
    for (std::size_t i = 1; i < 10; ++i) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        x[l] = _mm_aesenc_si128(x[l], load(lanes.keys[i][l].data()));
      }
    }
    for (std::size_t l = 0; l < kLanes; ++l) {
      x[l] = _mm_aesenclast_si128(x[l], load(lanes.keys[10][l].data()));
    }
  }
  for (std::size_t l = 0; l < kLanes; ++l) store(lanes.state[l].data(), x[l]);
}

HF_VAES inline __m512i gather4(const std::uint8_t* const* data, std::size_t offset) {
  __m512i v = _mm512_castsi128_si512(load(data[0] + offset));
  v = _mm512_inserti32x4(v, load(data[1] + offset), 1);
  v = _mm512_inserti32x4(v, load(data[2] + offset), 2);
  return _mm512_inserti32x4(v, load(data[3] + offset), 3);
}

HF_VAES inline __m512i key4(const CmacLanes& lanes, std::size_t round, std::size_t group) {
  return _mm512_load_si512(lanes.keys[round][4 * group].data());
}

/// kGroups groups of four lanes, one register each.
template <std::size_t kGroups>
HF_VAES void vaes_lanes(CmacLanes& lanes, std::size_t blocks) {
  __m512i x[kGroups];
  for (std::size_t g = 0; g < kGroups; ++g) x[g] = _mm512_load_si512(lanes.state[4 * g].data());
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      const __m512i block = gather4(&lanes.data[4 * g], b * kAesBlock);
      x[g] = _mm512_ternarylogic_epi64(x[g], block, key4(lanes, 0, g), 0x96);
    }
    for (std::size_t i = 1; i < 10; ++i) {
      for (std::size_t g = 0; g < kGroups; ++g)
        x[g] = _mm512_aesenc_epi128(x[g], key4(lanes, i, g));
    }
    for (std::size_t g = 0; g < kGroups; ++g)
      x[g] = _mm512_aesenclast_epi128(x[g], key4(lanes, 10, g));
  }
  for (std::size_t g = 0; g < kGroups; ++g) _mm512_store_si512(lanes.state[4 * g].data(), x[g]);
}

}  // namespace

void expand_cmac_key(const std::uint8_t* key, CmacKey& out) {
  expand(key, out);
  std::array<std::uint8_t, kAesBlock> l{};
  const std::array<std::uint8_t, kAesBlock> zero{};
  chain(out, l.data(), zero.data(), 1);
  double_block(l, out.k1);
  double_block(out.k1, out.k2);
}

void cmac_blocks(const CmacKey& key, std::uint8_t* state, const std::uint8_t* data,
                 std::size_t blocks) {
  chain(key, state, data, blocks);
}

CmacKernels aesni_cmac_kernels() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("aes") || !__builtin_cpu_supports("sse4.1")) return {};
  return {.four = four_lanes, .eight = nullptr, .sixteen = nullptr, .name = "aes-ni"};
}

CmacKernels probe_cmac_kernels() {
  CmacKernels kernels = aesni_cmac_kernels();
  if (!kernels.usable() || !__builtin_cpu_supports("vaes") || !__builtin_cpu_supports("avx512f") ||
      !__builtin_cpu_supports("avx512vl")) {
    return kernels;
  }
  return {.four = vaes_lanes<1>, .eight = vaes_lanes<2>, .sixteen = vaes_lanes<4>, .name = "vaes"};
}

}  // namespace holdfast::platform
