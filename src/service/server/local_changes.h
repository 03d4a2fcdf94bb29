// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/notify/notify_table.h"
#include "service/server/waits.h"

namespace holdfast::service {

class LocalOpens;

/// Tells watchers of directories, and who has leases of them, what others did to the files, as if
/// it had come from a client.
class LocalChanges final : public ports::LocalChangeSink {
 public:
  LocalChanges(core::NotifyTable& notifications, WaitRegistry& waits, LocalOpens& opens)
      : notifications_(notifications), waits_(waits), opens_(opens) {}
  void on_local_changes(const ports::Vfs& vfs,
                        std::span<const ports::LocalChange> changes) override;
  /// From now on nothing is told; waits for what is being told. The tables may then go.
  void stop();

 private:
  Mutex mutex_;
  bool stopped_ = false;
  core::NotifyTable& notifications_;
  WaitRegistry& waits_;
  LocalOpens& opens_;
};

}  // namespace holdfast::service
