// SPDX-License-Identifier: Apache-2.0
#include "sim/world/executor.h"

namespace holdfast::sim {

namespace {
constexpr std::uint64_t kLongestTurnWait_us = 30;
constexpr std::uint64_t kTimerLate_us = 200;
constexpr std::uint64_t kBlockingLongest_us = 3'000;
}  // namespace

void SimExecutor::post(UniqueFunction fn) {
  ready_.push_back(std::move(fn));
  if (turn_scheduled_) return;
  turn_scheduled_ = true;
  world_.schedule(rng_.below(kLongestTurnWait_us), [this] { turn(); });
}

void SimExecutor::turn() {
  turn_scheduled_ = false;
  // What is posted meanwhile waits for the next turn, as on a real loop.
  std::size_t count = rng_.between(1, ready_.size());
  while (count-- != 0) {
    UniqueFunction fn = std::move(ready_.front());
    ready_.pop_front();
    fn();
  }
  if (ready_.empty() || turn_scheduled_) return;
  turn_scheduled_ = true;
  world_.schedule(rng_.below(kLongestTurnWait_us), [this] { turn(); });
}

ports::TimerId SimExecutor::start_timer(std::uint64_t delay_us, UniqueFunction fn) {
  ports::TimerId id = next_timer_++;
  EventId event = world_.schedule(delay_us + rng_.below(kTimerLate_us),
                                  [this, id, work = std::move(fn)]() mutable {
                                    timers_.erase(id);
                                    work();
                                  });
  timers_.emplace(id, event);
  return id;
}

bool SimExecutor::cancel_timer(ports::TimerId id) {
  auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  bool was_waiting = world_.cancel(found->second);
  timers_.erase(found);
  return was_waiting;
}

void SimExecutor::run_blocking(UniqueFunction work, UniqueFunction done) {
  world_.schedule(rng_.below(kBlockingLongest_us),
                  [this, w = std::move(work), d = std::move(done)]() mutable {
                    w();
                    post(std::move(d));
                  });
}

}  // namespace holdfast::sim
