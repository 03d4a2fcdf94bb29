// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace holdfast::compression {

/// Octets from a and b on that are equal, at most limit.
inline std::size_t common_length(const std::uint8_t* a, const std::uint8_t* b, std::size_t limit) {
  std::size_t n = 0;
  while (n + 8 <= limit) {
    std::uint64_t difference = load_u64(a + n) ^ load_u64(b + n);
    if (difference != 0) return n + static_cast<std::size_t>(std::countr_zero(difference)) / 8;
    n += 8;
  }
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

/// Copies `length` octets that begin `distance` before `to`, which may overlap (then they repeat).
/// 0 < distance; both ranges are the caller's.
inline void copy_match(std::uint8_t* to, std::size_t distance, std::size_t length) {
  const std::uint8_t* from = to - distance;
  while (length != 0) {
    std::size_t n = std::min(length, static_cast<std::size_t>(to - from));
    std::memcpy(to, from, n);
    to += n;
    length -= n;
  }
}

/// Finds where the octets at a position occurred before: hash chains over a window.
class Matcher {
 public:
  static constexpr std::size_t kMinMatch = 3;

  struct Match {
    std::size_t distance = 0;
    /// 0: there is none, otherwise kMinMatch or more.
    std::size_t length = 0;
  };

  /// data: all that will be compressed, less than 2 GiB. 1 << window_log is the greatest distance.
  Matcher(Bytes data, unsigned window_log)
      : data_(data), window_(std::size_t{1} << window_log), head_(kHeads, kNone) {
    previous_.resize(std::min(window_, std::bit_ceil(data.size() | 1)));
    mask_ = previous_.size() - 1;
  }

  /// The longest occurrence that begins at or behind `floor` and is at most max_distance away,
  /// compared for `limit` octets. limit >= kMinMatch, and all of them are inside the data.
  Match find(std::size_t at, std::size_t limit, std::size_t floor, std::size_t max_distance) const {
    Match best;
    std::uint32_t candidate = head_[hash(at)];
    const std::uint8_t* here = data_.data() + at;
    for (unsigned tries = 0; tries < kMaxTries && candidate != kNone; ++tries) {
      if (candidate < floor || at - candidate > max_distance || at - candidate > window_) break;
      const std::uint8_t* there = data_.data() + candidate;
      if (there[best.length] == here[best.length]) {
        std::size_t length = common_length(there, here, limit);
        if (length > best.length) best = {at - candidate, length};
        if (length == limit || length >= kGoodEnough) break;
      }
      std::uint32_t next = previous_[candidate & mask_];
      if (next >= candidate) break;
      candidate = next;
    }
    if (best.length < kMinMatch) return {};
    return best;
  }

  /// Remembers positions [at, at + n), in rising order over all calls.
  void insert(std::size_t at, std::size_t n) {
    if (data_.size() < kMinMatch) return;
    std::size_t end = std::min(at + n, data_.size() - kMinMatch + 1);
    // Inside a long match the last positions serve as well as all.
    if (end > at + kMaxInserted) at = end - kMaxInserted;
    for (; at < end; ++at) {
      std::uint32_t& head = head_[hash(at)];
      previous_[at & mask_] = head;
      head = static_cast<std::uint32_t>(at);
    }
  }

 private:
  static constexpr std::size_t kHeads = 1 << 14;
  static constexpr std::uint32_t kNone = ~0u;
  static constexpr unsigned kMaxTries = 8;
  static constexpr std::size_t kGoodEnough = 96;
  static constexpr std::size_t kMaxInserted = 64;

  std::size_t hash(std::size_t at) const {
    const std::uint8_t* p = data_.data() + at;
    std::uint32_t three = p[0] | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16;
    return (three * 0x9E3779B1u) >> 18;
  }

  Bytes data_;
  std::size_t window_;
  std::size_t mask_;
  std::vector<std::uint32_t> head_;
  std::vector<std::uint32_t> previous_;
};

/// How far to go on after a position without a match: faster and faster through data that has none.
class Stride {
 public:
  std::size_t miss() { return 1 + (misses_++ >> 5); }
  void hit() { misses_ = 0; }

 private:
  std::size_t misses_ = 0;
};

}  // namespace holdfast::compression
