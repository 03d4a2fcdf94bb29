// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/nt_time.h"
#include "ports/vfs.h"

namespace holdfast::ports {

/// The earlier states of a share's files ("previous versions"). Thread-safe.
class SnapshotProvider {
 public:
  virtual ~SnapshotProvider() = default;

  /// When the snapshots that exist were taken, newest first, whole seconds, each time once; at most
  /// limits::kMaxSnapshots.
  virtual Task<Result<std::vector<NtTime>>> list(IoContext io) = 0;
  /// The share's files as they were; kObjectNameNotFound when there is no snapshot of that second.
  /// What is opened is looked at only: nothing that changes a file is called on it.
  virtual Task<Result<std::shared_ptr<Vfs>>> open(IoContext io, NtTime taken) = 0;
};

}  // namespace holdfast::ports
