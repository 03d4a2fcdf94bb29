// SPDX-License-Identifier: Apache-2.0
#include "service/server/pipe_reads.h"

namespace holdfast::service {

void PipeReads::wait(core::OpenId open, core::WaitToken token) {
  Lock lock(mutex_);
  by_open_[open].push_back(token);
  waiting_.fetch_add(1);
}

bool PipeReads::cancel(core::OpenId open, core::WaitToken token) {
  Lock lock(mutex_);
  auto found = by_open_.find(open);
  if (found == by_open_.end() || std::erase(found->second, token) == 0) return false;
  waiting_.fetch_sub(1);
  if (found->second.empty()) by_open_.erase(found);
  return true;
}

bool PipeReads::any(core::OpenId open) {
  if (waiting_.load() == 0) return false;
  Lock lock(mutex_);
  return by_open_.contains(open);
}

void PipeReads::wake(core::OpenId open, std::vector<core::Wake>& wakes) {
  if (waiting_.load() == 0) return;
  Lock lock(mutex_);
  auto found = by_open_.find(open);
  if (found == by_open_.end()) return;
  for (core::WaitToken token : found->second) wakes.push_back({token, NtStatus::kSuccess});
  waiting_.fetch_sub(found->second.size());
  by_open_.erase(found);
}

}  // namespace holdfast::service
