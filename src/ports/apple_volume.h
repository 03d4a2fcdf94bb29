// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "ports/vfs.h"

namespace holdfast::ports {

/// What a Mac is told of each entry of a listing.
struct AppleEntry {
  /// The object itself, opened to be looked at.
  Opened object;
  std::array<std::uint8_t, 32> finder_info{};
  /// Octets; 0: none.
  std::uint64_t resource_fork_size = 0;
};

/// The side of a share's file system that only Macs ask for. Thread-safe.
class AppleVolume {
 public:
  virtual ~AppleVolume() = default;
  virtual Task<Result<AppleEntry>> entry(IoContext io, std::string_view path) = 0;
  /// The same on top of another file system, of which nothing is changed.
  virtual std::shared_ptr<Vfs> over(std::shared_ptr<Vfs> other) const = 0;
};

}  // namespace holdfast::ports
