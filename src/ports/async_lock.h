// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <deque>

#include "base/mutex.h"
#include "ports/executor.h"

namespace holdfast::ports {

/// Lets one coroutine at a time use something across its waits; the others wait in order, each on
/// its own loop. Thread-safe.
class AsyncLock {
 public:
  class Awaiter {
   public:
    Awaiter(AsyncLock& lock, Executor& loop) : lock_(lock), loop_(loop) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiting) {
      Lock guard(lock_.mutex_);
      if (!lock_.held_) {
        lock_.held_ = true;
        return false;
      }
      lock_.waiting_.push_back({&loop_, waiting});
      return true;
    }
    void await_resume() const noexcept {}

   private:
    AsyncLock& lock_;
    Executor& loop_;
  };

  /// `co_await lock.acquire(loop)`
  Awaiter acquire(Executor& loop) { return {*this, loop}; }
  void release() {
    Lock guard(mutex_);
    if (waiting_.empty()) {
      held_ = false;
      return;
    }
    auto [loop, waiting] = waiting_.front();
    waiting_.pop_front();
    loop->post([waiting] { waiting.resume(); });
  }

 private:
  struct Waiting {
    Executor* loop;
    std::coroutine_handle<> coroutine;
  };
  Mutex mutex_;
  bool held_ = false;
  std::deque<Waiting> waiting_;
};

/// Releases at the end of the scope.
class AsyncLockGuard {
 public:
  explicit AsyncLockGuard(AsyncLock& lock) : lock_(lock) {}
  AsyncLockGuard(const AsyncLockGuard&) = delete;
  ~AsyncLockGuard() { lock_.release(); }

 private:
  AsyncLock& lock_;
};

}  // namespace holdfast::ports
