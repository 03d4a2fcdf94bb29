// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "ports/executor.h"
#include "ports/state_store.h"

namespace holdfast::ports {

/// A directory whose clients' handles outlive the server, as its shares and their requests see it:
/// whether this instance may serve it, and what is kept of it (service/failover). Thread-safe; one
/// for all shares of the directory.
class Volume {
 public:
  virtual ~Volume() = default;

  /// False: another instance may serve it by now, and nothing of it may be touched any more.
  /// now_us: Clock::monotonic_us().
  bool may_serve(std::uint64_t now_us) const {
    return now_us < serve_until_us_.load(std::memory_order_acquire);
  }
  /// Waits until it is served, at most for limits::kVolumeWait_us. kSuccess, or kBadNetworkName
  /// when it is not served here, or not in time.
  virtual Task<NtStatus> wait_until_up(Executor& loop) = 0;

  /// StateStore::apply(). An error when it is not served.
  virtual Result<void> enter(std::span<const StoreChange> changes) = 0;
  /// Returns when all that was entered before is durable; at once when it is already. An error says
  /// that it is not.
  virtual Task<NtStatus> settle(Executor& loop) = 0;
  /// Where it is, for people.
  virtual const std::string& name() const = 0;

 protected:
  std::atomic<std::uint64_t> serve_until_us_{0};
};

}  // namespace holdfast::ports
