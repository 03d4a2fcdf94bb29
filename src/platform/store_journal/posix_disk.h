// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store_journal/disk.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {

/// The folder `path` of a real file system.
struct PosixDiskOptions {
  /// Makes the folder (0700) when it is not there; its parent must be.
  bool create = false;
};
ports::StoreResult<std::unique_ptr<Disk>> open_posix_disk(const std::string& path,
                                                          const PosixDiskOptions& options = {});

}  // namespace holdfast::platform::store
