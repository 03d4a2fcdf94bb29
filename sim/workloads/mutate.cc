// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/mutate.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr std::size_t kHeader = 64;
constexpr std::uint64_t kEdges[] = {0,          1,          2,
                                    7,          8,          63,
                                    64,         65,         0x7F,
                                    0x80,       0xFF,       0x100,
                                    0x7FFF,     0x8000,     0xFFFF,
                                    0x10000,    0x10001,    0x7FFFFFFF,
                                    0x80000000, 0xFFFFFFFF, 0x800000,
                                    1ull << 32, ~0ull,      ~0ull >> 1,
                                    1ull << 63, 0xFFFFFFF0, 0xFFFFFFFFFFFFFFF0ull};

std::uint64_t some_number(std::size_t size, Rng& rng) {
  if (rng.one_in(4)) return size + rng.below(9) - 4;
  if (rng.one_in(4)) return rng.u64();
  return kEdges[rng.below(std::size(kEdges))];
}

void mutate_once(ByteVec& message, Bytes other, Rng& rng) {
  bool in_header = rng.one_in(12);
  std::size_t begin = in_header ? 4 : std::min(kHeader, message.size());
  std::size_t size = in_header ? std::min(kHeader, message.size()) : message.size();
  if (size <= begin) {
    message.resize(message.size() + rng.below(20));
    return;
  }
  std::size_t at = begin + rng.below(size - begin);
  switch (rng.below(8)) {
    case 0:
    case 1: message[at] ^= static_cast<std::uint8_t>(1u << rng.below(8)); return;
    case 2: message[at] = static_cast<std::uint8_t>(rng.u64()); return;
    case 3:
    case 4: {
      std::size_t width = std::size_t{1} << rng.below(4);
      at -= at % width;
      std::uint64_t value = some_number(size, rng);
      for (std::size_t i = 0; i < width && at + i < message.size(); ++i)
        message[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
      return;
    }
    case 5: message.resize(rng.one_in(10) ? rng.below(message.size() + 1) : at); return;
    case 6: message.resize(message.size() + rng.below(100), 0x41); return;
    default: {
      if (other.size() <= kHeader) return;
      std::size_t from = kHeader + rng.below(other.size() - kHeader);
      std::size_t count = std::min({other.size() - from, message.size() - at, rng.below(40) + 1});
      std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), count,
                  message.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
}

}  // namespace

void mutate(ByteVec& message, Bytes other, Rng& rng) {
  std::uint64_t times = rng.one_in(3) ? rng.between(2, 6) : 1;
  while (times-- != 0) mutate_once(message, other, rng);
}

}  // namespace holdfast::sim
