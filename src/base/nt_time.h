// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace holdfast {

/// A point in time as FILETIME: 100 ns units since 1601-01-01 UTC (MS-DTYP 2.3.3). 0 = not set.
struct NtTime {
  std::uint64_t ticks = 0;

  auto operator<=>(const NtTime&) const = default;

  /// From a Unix time; times before 1601 become 1 tick (0 means "not set").
  static NtTime from_unix(std::int64_t seconds, std::uint32_t nanoseconds) {
    std::int64_t ticks = (seconds + kUnixEpochSeconds) * 10'000'000 + nanoseconds / 100;
    return {ticks <= 0 ? 1 : static_cast<std::uint64_t>(ticks)};
  }
  std::int64_t unix_seconds() const {
    return static_cast<std::int64_t>(ticks / 10'000'000) - kUnixEpochSeconds;
  }
  std::uint32_t unix_nanoseconds() const {
    return static_cast<std::uint32_t>(ticks % 10'000'000 * 100);
  }

  static constexpr std::int64_t kUnixEpochSeconds = 11'644'473'600;
};

}  // namespace holdfast
