// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/posix_file.h"

namespace holdfast::platform::posix {

/// Where a directory handle is in its listing.
struct PosixFile::Listing {
  explicit Listing(DirectoryReader r) : reader(std::move(r)) {}

  Mutex mutex;
  DirectoryReader reader;
  /// "." and ".." that were given: 0 to 2.
  unsigned dots = 0;
};

}  // namespace holdfast::platform::posix
