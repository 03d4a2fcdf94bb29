// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/failover/epoch.h"
#include "platform/store_journal/disk.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {

/// The epoch's record on its volume: two blocks of the file "epoch", each with a checksum, written
/// in turn and in place. So a write that power loss cuts short leaves the record before it.
///
/// Reads and writes go past the page cache where the file system can do so, because another
/// machine may have written. Calls block.
class EpochFile {
 public:
  /// Makes the file when it is not there. Any server of the volume may open it; the lock is not
  /// needed.
  static ports::StoreResult<std::unique_ptr<EpochFile>> open(Disk& disk);

  /// nullopt: there is none yet. An error: it cannot be read, or was written by a newer server.
  ports::StoreResult<std::optional<core::failover::Epoch>> read();
  /// Durable when it returns. Based on the read() before it: it goes where that one's record is
  /// not.
  ports::StoreResult<void> write(const core::failover::Epoch& epoch);

 private:
  EpochFile(std::string where, std::unique_ptr<DiskFile> file)
      : where_(std::move(where)), file_(std::move(file)) {}
  std::string where_;
  std::unique_ptr<DiskFile> file_;
  unsigned newest_ = 1;
};

/// Reads the file without making it, for `holdfast state`.
ports::StoreResult<std::optional<core::failover::Epoch>> read_epoch(Disk& disk);

}  // namespace holdfast::platform::store
