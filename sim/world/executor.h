// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>

#include "ports/executor.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

namespace holdfast::sim {

/// How long what blocks takes on the pool: until it has been done, and until its loop hears of it.
struct BlockingTimes {
  std::uint64_t longest_us = 3'000;
  std::uint64_t longest_after_us = 0;
};

/// One loop of the world. Several take turns in a seeded order; each runs what was posted to it in
/// the order of the posts.
class SimExecutor final : public ports::Executor {
 public:
  /// process: whose it is, if it is one that may end; it outlives the loop, which outlives its
  /// work.
  SimExecutor(World& world, SimClock& clock, unsigned index, Process* process = nullptr)
      : world_(world),
        clock_(clock),
        rng_(world.seed(), (process == nullptr ? 0 : process->number() << 16) + 100 + index),
        index_(index),
        process_(process) {
    if (process != nullptr) process->add(*this);
  }
  ~SimExecutor() override {
    if (process_ != nullptr) process_->remove(*this);
  }
  SimExecutor(const SimExecutor&) = delete;

  void post(UniqueFunction fn) override;
  ports::TimerId start_timer(std::uint64_t delay_us, UniqueFunction fn) override;
  bool cancel_timer(ports::TimerId id) override;
  void run_blocking(UniqueFunction work, UniqueFunction done) override;
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return index_; }

  World& world() { return world_; }
  Process* process() const { return process_; }
  BlockingTimes& blocking_times() { return blocking_times_; }
  /// Timers that were started and have neither run nor been cancelled.
  std::size_t timers() const { return timers_.size(); }
  /// Runs fn as the loop does; later, when its process is stopped now; never, when that has ended.
  void enter(UniqueFunction fn);

  /// Its process is stopped now and may go on.
  bool is_stopped() const { return !is_dead() && is_frozen(); }

  /// Process::kill(): what a pool thread was about to do is done or not; then all is forgotten.
  void finish_blocking();
  void drop_all();

 private:
  bool is_dead() const { return process_ != nullptr && !process_->is_alive(); }
  bool is_frozen() const {
    return process_ != nullptr && process_->frozen_until_us() > world_.now_us();
  }
  /// How long a stopped process is to wait.
  std::uint64_t thaw_us() { return process_->frozen_until_us() - world_.now_us() + rng_.below(50); }
  void schedule_turn(std::uint64_t delay_us);
  void turn();
  void timer_due(ports::TimerId id);
  void blocking_due(std::uint64_t id);

  struct Timer {
    EventId event;
    UniqueFunction fn;
  };
  struct Blocking {
    UniqueFunction work, done;
  };
  World& world_;
  SimClock& clock_;
  Rng rng_;
  unsigned index_;
  Process* process_;
  BlockingTimes blocking_times_;
  std::deque<UniqueFunction> ready_;
  bool turn_scheduled_ = false;
  std::map<ports::TimerId, Timer> timers_;
  ports::TimerId next_timer_ = 1;
  std::map<std::uint64_t, Blocking> blocking_;
  std::uint64_t next_blocking_ = 1;
};

}  // namespace holdfast::sim
