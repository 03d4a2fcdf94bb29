// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/object/byte_range_locks.h"

namespace holdfast::core {

enum class LockCover : std::uint8_t { kNone, kShared, kExclusive };

/// [begin, end) is covered so by everybody's locks together.
struct CoveredRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  LockCover cover = LockCover::kNone;
  bool operator==(const CoveredRange&) const = default;
};

/// Octets from here on have no place in a file of Linux, whose offsets are signed: locks there are
/// of clients among themselves.
inline constexpr std::uint64_t kLockEnd = (std::uint64_t{1} << 63) - 1;

/// What the locks of one stream, of all its opens, make of [begin, end) together: ascending,
/// without gaps, neighbours differ. For a system that keeps one kind of lock for each octet, as
/// POSIX has it. end is at most kLockEnd; locks of no octets cover nothing.
std::vector<CoveredRange> cover_of(const std::vector<ByteRangeLocks::Range>& locks,
                                   std::uint64_t begin, std::uint64_t end);

/// The part of a client's range that cover_of() can be asked for; begin == end: there is none.
CoveredRange local_part(const ByteRangeLocks::Range& range);

}  // namespace holdfast::core
