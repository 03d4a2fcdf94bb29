// SPDX-License-Identifier: Apache-2.0
#include "service/server/waits.h"

namespace holdfast::service {

core::WaitToken WaitRegistry::add(ports::Executor& loop, OneShot<NtStatus>& outcome) {
  Lock lock(mutex_);
  waiters_.emplace(next_, Waiter{&loop, &outcome});
  return next_++;
}

void WaitRegistry::wake(core::WaitToken token, NtStatus status) {
  Waiter waiter;
  {
    Lock lock(mutex_);
    auto found = waiters_.find(token);
    if (found == waiters_.end()) return;
    waiter = found->second;
    waiters_.erase(found);
  }
  // Always through the queue: the caller may be in the middle of deciding something.
  waiter.loop->post([outcome = waiter.outcome, status] { outcome->set(status); });
}

void WaitRegistry::forget(core::WaitToken token) {
  Lock lock(mutex_);
  waiters_.erase(token);
}

std::size_t WaitRegistry::size() {
  Lock lock(mutex_);
  return waiters_.size();
}

}  // namespace holdfast::service
