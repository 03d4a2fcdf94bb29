// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "ports/executor.h"

namespace holdfast::service::testing {

/// A loop whose time passes when a test says so.
class TestLoop final : public ports::Executor, public ports::Clock {
 public:
  void post(UniqueFunction fn) override { start_timer(0, std::move(fn)); }
  ports::TimerId start_timer(std::uint64_t delay_us, UniqueFunction fn) override {
    timers_.emplace(std::pair(now_us_ + delay_us, next_), std::move(fn));
    return next_++;
  }
  bool cancel_timer(ports::TimerId id) override {
    return std::erase_if(timers_, [id](const auto& t) { return t.first.second == id; }) != 0;
  }
  void run_blocking(UniqueFunction work, UniqueFunction done) override {
    work();
    post(std::move(done));
  }
  ports::Clock& clock() override { return *this; }
  unsigned index() const override { return 0; }
  NtTime now() override { return {}; }
  std::uint64_t monotonic_us() override { return now_us_; }

  std::size_t timers() const { return timers_.size(); }
  /// Runs everything that is due within the time.
  void pass(std::uint64_t us) {
    std::uint64_t until = now_us_ + us;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto due = timers_.extract(timers_.begin());
      now_us_ = due.key().first;
      due.mapped()();
    }
    now_us_ = until;
  }

 private:
  std::uint64_t now_us_ = 1'000'000;
  ports::TimerId next_ = 1;
  std::map<std::pair<std::uint64_t, ports::TimerId>, UniqueFunction> timers_;
};

}  // namespace holdfast::service::testing
