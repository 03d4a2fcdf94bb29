// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>

#include "base/task.h"
#include "base/unique_function.h"
#include "ports/clock.h"

namespace holdfast::ports {

using TimerId = std::uint64_t;

/// One loop: a thread (or the simulator) that runs its connections, their coroutines and its
/// timers. Everything except post() is called on the loop itself.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs fn on this loop, soon, in the order of the calls. From any thread.
  virtual void post(UniqueFunction fn) = 0;
  /// Runs fn once on this loop, at the earliest after delay_us. The id is never 0.
  virtual TimerId start_timer(std::uint64_t delay_us, UniqueFunction fn) = 0;
  /// Forgets a timer. True when it had not run yet; then it never will.
  virtual bool cancel_timer(TimerId id) = 0;
  /// Runs work on a pool thread, where it may block, and then done on this loop.
  virtual void run_blocking(UniqueFunction work, UniqueFunction done) = 0;
  virtual Clock& clock() = 0;
  /// Which loop this is, from 0.
  virtual unsigned index() const = 0;
};

/// `co_await run_blocking(loop, [..] { return value; })`: the value that fn returned on a pool
/// thread. The awaiting frame must outlive the work; detached handlers do.
template <class F>
class BlockingAwaiter {
 public:
  using Value = std::invoke_result_t<F&>;
  BlockingAwaiter(Executor& loop, F fn) : loop_(loop), fn_(std::move(fn)) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    loop_.run_blocking([this] { value_.emplace(fn_()); }, [waiting] { waiting.resume(); });
  }
  Value await_resume() { return std::move(*value_); }

 private:
  Executor& loop_;
  F fn_;
  std::optional<Value> value_;
};

template <class F>
BlockingAwaiter<F> run_blocking(Executor& loop, F fn) {
  return BlockingAwaiter<F>(loop, std::move(fn));
}

/// `co_await sleep_for(loop, us)`.
class SleepAwaiter {
 public:
  SleepAwaiter(Executor& loop, std::uint64_t delay_us) : loop_(loop), delay_us_(delay_us) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    loop_.start_timer(delay_us_, [waiting] { waiting.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  Executor& loop_;
  std::uint64_t delay_us_;
};

inline SleepAwaiter sleep_for(Executor& loop, std::uint64_t delay_us) { return {loop, delay_us}; }

}  // namespace holdfast::ports
