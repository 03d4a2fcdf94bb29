// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/closer.h"

#include "platform/loop/blocking_pool.h"
#include "platform/vfs_posix/system.h"

namespace holdfast::platform::posix {
namespace {

/// Freeing this much takes about a millisecond.
constexpr std::uint64_t kMuch = 16u << 20;

}  // namespace

Closer::~Closer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Closer::close(UniqueFd fd) {
  auto st = stat_fd(fd.get());
  if (!st || st->stx_nlink != 0 || st->stx_size < kMuch) return;
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(fd));
  if (!thread_.joinable()) {
    SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }
  wake_.notify_one();
}

void Closer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<UniqueFd> closing = std::move(waiting_);
    waiting_.clear();
    lock.unlock();
    closing.clear();
    lock.lock();
  }
}

}  // namespace holdfast::platform::posix
