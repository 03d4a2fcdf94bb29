// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_function.h"

namespace holdfast::platform {

/// Threads for calls that may block, shared by all loops. Starts with none and grows, while work
/// waits and no thread is idle, up to its limit. The queue is as long as the requests in progress
/// (bounded by credits). All signals are blocked in its threads.
class BlockingPool {
 public:
  explicit BlockingPool(unsigned max_threads) : max_threads_(max_threads == 0 ? 1 : max_threads) {}
  ~BlockingPool() { stop(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  void submit(UniqueFunction work);
  /// Runs what is queued, then joins the threads.
  void stop();
  unsigned threads() const;

 private:
  void run();

  const unsigned max_threads_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<UniqueFunction> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

/// Blocks all signals in the calling thread while it lives: threads started meanwhile inherit that.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  alignas(16) unsigned char saved_[128];
};

}  // namespace holdfast::platform
