// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "base/mutex.h"
#include "base/task.h"
#include "core/object/byte_range_locks.h"
#include "ports/executor.h"

namespace holdfast::service {

/// Requests that wait for a decision of core, which knows them by a token. Thread-safe: the one who
/// wakes may be on another loop. Every wait is woken exactly once.
class WaitRegistry {
 public:
  /// Enters a waiter. outcome must live until it is set.
  core::WaitToken add(ports::Executor& loop, OneShot<NtStatus>& outcome);
  /// Sets the outcome on the waiter's loop. Does nothing when it was woken before.
  void wake(core::WaitToken token, NtStatus status);
  void wake(const std::vector<core::Wake>& wakes) {
    for (const core::Wake& w : wakes) wake(w.token, w.status);
  }
  /// Forgets a waiter that got its answer without waiting.
  void forget(core::WaitToken token);
  /// How many wait.
  std::size_t size();

 private:
  struct Waiter {
    ports::Executor* loop;
    OneShot<NtStatus>* outcome;
  };
  Mutex mutex_;
  core::WaitToken next_ = 1;
  std::unordered_map<core::WaitToken, Waiter> waiters_;
};

}  // namespace holdfast::service
