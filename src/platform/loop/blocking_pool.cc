// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/blocking_pool.h"

#include <pthread.h>
#include <signal.h>

#include <cstring>
#include <system_error>

#include "base/assert.h"

namespace holdfast::platform {

SignalsBlocked::SignalsBlocked() {
  static_assert(sizeof(sigset_t) <= sizeof saved_);
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  std::memcpy(saved_, &old, sizeof old);
}

SignalsBlocked::~SignalsBlocked() {
  sigset_t old;
  std::memcpy(&old, saved_, sizeof old);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void BlockingPool::submit(UniqueFunction work) {
  std::lock_guard lock(mutex_);
  HF_ASSERT(!stopping_);
  queue_.push_back(std::move(work));
  if (queue_.size() > idle_ && threads_.size() < max_threads_) {
    SignalsBlocked no_signals;
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // At the limit of threads of the process: those that exist serve. Without any, nothing would.
      HF_ASSERT(!threads_.empty());
    }
  }
  wake_.notify_one();
}

void BlockingPool::run() {
  pthread_setname_np(pthread_self(), "hf-pool");
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) {
      if (stopping_) return;
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      continue;
    }
    UniqueFunction work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
  }
}

void BlockingPool::stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (auto& thread : threads) thread.join();
}

unsigned BlockingPool::threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<unsigned>(threads_.size());
}

}  // namespace holdfast::platform
