// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/failover/epoch.h"
#include "ports/state_store.h"

namespace holdfast::service {

/// Where a volume keeps its epoch and its state store: a folder on the volume itself, so that both
/// move with it. Calls block: on a pool thread, one at a time. Errors are sentences for an
/// administrator.
class VolumeStorage {
 public:
  virtual ~VolumeStorage() = default;

  /// Opens the folder, makes it if it is not there, and takes its lock. kSharingViolation: another
  /// server of this machine has it.
  virtual ports::StoreResult<void> open() = 0;
  /// nullopt: nobody has ever served the volume.
  virtual ports::StoreResult<std::optional<core::failover::Epoch>> read_epoch() = 0;
  /// Durable when it returns.
  virtual ports::StoreResult<void> write_epoch(const core::failover::Epoch& epoch) = 0;
  /// Reads the store. Writes it only while may_write() says so, which any thread asks.
  virtual ports::StoreResult<std::shared_ptr<ports::StateStore>> open_store(
      std::function<bool()> may_write) = 0;
  /// Gives the lock back; the store is no longer written. open() may follow.
  virtual void close() = 0;
  virtual const std::string& path() const = 0;
};

}  // namespace holdfast::service
