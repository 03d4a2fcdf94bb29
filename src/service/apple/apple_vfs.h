// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ports/apple_volume.h"

namespace holdfast::service {

struct AppleOptions {
  /// Finder information goes into Netatalk's EA instead of a stream.
  bool netatalk_metadata = false;
  /// The share is a Time Machine target of this size, octets; 0: as large as its file system.
  std::uint64_t time_machine_size = 0;
  /// Nothing is changed: what macOS has put into ._ files stays there.
  bool read_only = false;
};

/// A file system with the streams of macOS.
class AppleShare : public ports::Vfs, public ports::AppleVolume {};

std::shared_ptr<AppleShare> apple_vfs(std::shared_ptr<ports::Vfs> vfs, const AppleOptions& options);

}  // namespace holdfast::service
