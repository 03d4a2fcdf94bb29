// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace holdfast::core {

/// What an open remembers of its own requests and no other open sees (MS-FSA 2.1.1.6). Thread-safe.
struct OpenNotes {
  /// Times that operations of this open leave alone since its client has set or frozen them
  /// (Open.UserSetModificationTime and its like, MS-FSA 2.1.5.15.2).
  static constexpr std::uint8_t kAccess = 1, kWrite = 2, kChange = 4;

  explicit OpenNotes(std::uint32_t options) : mode(options) {}

  /// Open.CurrentByteOffset: behind the last octet read or written, or as set.
  std::atomic<std::uint64_t> position{0};
  /// CreateOptions as FileModeInformation shows and changes them (MS-FSCC 2.4.31).
  std::atomic<std::uint32_t> mode;
  std::atomic<std::uint8_t> kept_times{0};
};

}  // namespace holdfast::core
