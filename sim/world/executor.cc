// SPDX-License-Identifier: Apache-2.0
#include "sim/world/executor.h"

namespace holdfast::sim {

namespace {
constexpr std::uint64_t kLongestTurnWait_us = 30;
constexpr std::uint64_t kTimerLate_us = 200;
}  // namespace

void SimExecutor::schedule_turn(std::uint64_t delay_us) {
  turn_scheduled_ = true;
  world_.schedule(delay_us, [this] { turn(); });
}

void SimExecutor::post(UniqueFunction fn) {
  if (is_dead()) return;
  ready_.push_back(std::move(fn));
  if (turn_scheduled_) return;
  schedule_turn(rng_.below(kLongestTurnWait_us));
}

void SimExecutor::turn() {
  turn_scheduled_ = false;
  if (is_dead() || ready_.empty()) return;
  if (is_frozen()) return schedule_turn(thaw_us());
  // What is posted meanwhile waits for the next turn, as on a real loop.
  std::size_t count = rng_.between(1, ready_.size());
  Process::Scope scope(process_);
  while (count-- != 0) {
    UniqueFunction fn = std::move(ready_.front());
    ready_.pop_front();
    fn();
  }
  if (ready_.empty() || turn_scheduled_) return;
  schedule_turn(rng_.below(kLongestTurnWait_us));
}

void SimExecutor::enter(UniqueFunction fn) {
  if (is_frozen()) return post(std::move(fn));
  if (is_dead()) return;
  Process::Scope scope(process_);
  fn();
}

ports::TimerId SimExecutor::start_timer(std::uint64_t delay_us, UniqueFunction fn) {
  ports::TimerId id = next_timer_++;
  if (is_dead()) return id;
  EventId event = world_.schedule(clock_.world_us(delay_us) + rng_.below(kTimerLate_us),
                                  [this, id] { timer_due(id); });
  timers_.emplace(id, Timer{event, std::move(fn)});
  return id;
}

void SimExecutor::timer_due(ports::TimerId id) {
  auto due = timers_.find(id);
  if (due == timers_.end()) return;
  if (is_frozen()) {
    due->second.event = world_.schedule(thaw_us(), [this, id] { timer_due(id); });
    return;
  }
  UniqueFunction fn = std::move(due->second.fn);
  timers_.erase(due);
  Process::Scope scope(process_);
  fn();
}

bool SimExecutor::cancel_timer(ports::TimerId id) {
  auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  bool was_waiting = world_.cancel(found->second.event);
  timers_.erase(found);
  return was_waiting;
}

void SimExecutor::run_blocking(UniqueFunction work, UniqueFunction done) {
  if (is_dead()) return;
  std::uint64_t id = next_blocking_++;
  blocking_.emplace(id, Blocking{std::move(work), std::move(done)});
  world_.schedule(rng_.below(blocking_times_.longest_us), [this, id] { blocking_due(id); });
}

void SimExecutor::blocking_due(std::uint64_t id) {
  auto due = blocking_.find(id);
  if (due == blocking_.end()) return;
  if (is_frozen()) {
    world_.schedule(thaw_us(), [this, id] { blocking_due(id); });
    return;
  }
  Blocking blocking = std::move(due->second);
  blocking_.erase(due);
  {
    Process::Scope scope(process_);
    blocking.work();
  }
  if (blocking_times_.longest_after_us == 0) return post(std::move(blocking.done));
  start_timer(rng_.below(blocking_times_.longest_after_us), std::move(blocking.done));
}

void SimExecutor::finish_blocking() {
  Process::Scope scope(process_);
  for (auto& [id, blocking] : blocking_)
    if (rng_.one_in(2)) blocking.work();
}

void SimExecutor::drop_all() {
  // What is destroyed may look here.
  auto ready = std::exchange(ready_, {});
  auto blocking = std::exchange(blocking_, {});
  auto timers = std::exchange(timers_, {});
  for (auto& [id, timer] : timers) world_.cancel(timer.event);
}

}  // namespace holdfast::sim
