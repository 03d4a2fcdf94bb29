// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace holdfast::core {

/// Long names that were taken from their directory a short while ago (MS-FSA 2.1.1.2, keyed by the
/// short name): a program of old saves a file by removing it and making it anew, both by its 8.3
/// name, and the file keeps its long one. Thread-safe.
class TunnelCache {
 public:
  static constexpr std::size_t kMaxEntries = 256;
  /// Microseconds.
  static constexpr std::uint64_t kLifetime_us = 15'000'000;

  /// `path` has gone from its directory. volume: tells one share's paths from another's. Names that
  /// are 8.3 names themselves are not kept.
  void removed(const void* volume, std::string_view path, std::uint64_t now_us);
  /// The name that a new object gets which a client calls by `path`: with the long name that had
  /// the last component for its short name, or `path` itself.
  std::string name_for(const void* volume, std::string_view path, std::uint64_t now_us);

 private:
  struct Entry {
    const void* volume;
    std::string directory;
    /// Folded.
    std::string short_name;
    std::string long_name;
    std::uint64_t removed_us;
  };
  Mutex mutex_;
  /// The oldest first.
  std::deque<Entry> entries_;
};

}  // namespace holdfast::core
