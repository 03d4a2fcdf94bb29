// SPDX-License-Identifier: Apache-2.0
#include "compression/codec.h"

#include <lz4.h>

#include <algorithm>
#include <array>

#include "compression/lz77.h"
#include "compression/lz77_huffman.h"
#include "compression/lznt1.h"

namespace holdfast::compression {
namespace {

// Samples are long enough that the tables of LZ77+Huffman do not hide what it gains.
constexpr std::size_t kSampleSize = 4096;
constexpr std::size_t kSamples = 3;
// Data up to this is tried instead of sampled.
constexpr std::size_t kMinSampled = 8 * kSamples * kSampleSize;
constexpr std::size_t kMaxInput = std::size_t{1} << 31;

std::optional<std::size_t> compress_lz4(Bytes in, MutBytes out) {
  if (in.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
  // More room than the worst case needs is never used.
  std::size_t room = std::min<std::size_t>(out.size(), kMaxInput - 1);
  int size = LZ4_compress_default(reinterpret_cast<const char*>(in.data()),
                                  reinterpret_cast<char*>(out.data()), static_cast<int>(in.size()),
                                  static_cast<int>(room));
  if (size <= 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

bool decompress_lz4(Bytes in, MutBytes out) {
  if (in.size() >= kMaxInput || out.size() >= kMaxInput) return false;
  int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                 reinterpret_cast<char*>(out.data()), static_cast<int>(in.size()),
                                 static_cast<int>(out.size()));
  return size >= 0 && static_cast<std::size_t>(size) == out.size();
}

}  // namespace

std::optional<std::size_t> compress(Algorithm algorithm, Bytes in, MutBytes out) {
  if (in.size() >= kMaxInput) return std::nullopt;
  switch (algorithm) {
    case Algorithm::kLznt1: return compress_lznt1(in, out);
    case Algorithm::kLz77: return compress_lz77(in, out);
    case Algorithm::kLz77Huffman: return compress_lz77_huffman(in, out);
    case Algorithm::kLz4: return compress_lz4(in, out);
  }
  return std::nullopt;
}

bool decompress(Algorithm algorithm, Bytes in, MutBytes out) {
  switch (algorithm) {
    case Algorithm::kLznt1: return decompress_lznt1(in, out);
    case Algorithm::kLz77: return decompress_lz77(in, out);
    case Algorithm::kLz77Huffman: return decompress_lz77_huffman(in, out);
    case Algorithm::kLz4: return decompress_lz4(in, out);
  }
  return false;
}

bool looks_compressible(Algorithm algorithm, Bytes data) {
  if (data.size() <= kMinSampled) return true;
  std::array<std::uint8_t, kSampleSize - kSampleSize / 8> out;
  // One sample that shrinks is enough: what does not is bounded by the room of the real attempt.
  for (std::size_t i = 0; i < kSamples; ++i) {
    Bytes sample = data.subspan((data.size() - kSampleSize) / (kSamples - 1) * i, kSampleSize);
    if (compress(algorithm, sample, out)) return true;
  }
  return false;
}

std::size_t run_at_front(Bytes data) {
  if (data.empty()) return 0;
  std::size_t n = 1;
  while (n + 8 <= data.size() && load_u64(&data[n]) == load_u64(&data[n - 1]) && data[n] == data[0])
    n += 8;
  while (n < data.size() && data[n] == data[0]) ++n;
  return n;
}

std::size_t run_at_back(Bytes data) {
  std::size_t n = 0;
  while (n < data.size() && data[data.size() - 1 - n] == data.back()) ++n;
  return n;
}

}  // namespace holdfast::compression
