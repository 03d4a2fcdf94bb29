// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace holdfast::sim {

/// splitmix64: the next state's mix.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return x ^ x >> 31;
}

/// A seeded generator. Each user of chance has one of its own, made from the seed and a name, so
/// that one that draws more does not change what the others draw.
class Rng {
 public:
  Rng(std::uint64_t seed, std::uint64_t name)
      : state_(mix(seed) ^ mix(name * 0x632BE59BD9B4E019ull)) {}

  std::uint64_t u64() { return mix(state_++); }
  /// [0, n); n > 0.
  std::uint64_t below(std::uint64_t n) { return u64() % n; }
  /// [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  bool per_mille(std::uint64_t p) { return below(1000) < p; }

 private:
  std::uint64_t state_;
};

}  // namespace holdfast::sim
