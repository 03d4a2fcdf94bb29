// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>

#include "ports/executor.h"
#include "sim/world/world.h"

namespace holdfast::sim {

/// One loop of the world. Several take turns in a seeded order; each runs what was posted to it in
/// the order of the posts.
class SimExecutor final : public ports::Executor {
 public:
  SimExecutor(World& world, ports::Clock& clock, unsigned index)
      : world_(world), clock_(clock), rng_(world.seed(), 100 + index), index_(index) {}
  SimExecutor(const SimExecutor&) = delete;

  void post(UniqueFunction fn) override;
  ports::TimerId start_timer(std::uint64_t delay_us, UniqueFunction fn) override;
  bool cancel_timer(ports::TimerId id) override;
  void run_blocking(UniqueFunction work, UniqueFunction done) override;
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return index_; }

  World& world() { return world_; }
  /// Timers that were started and have neither run nor been cancelled.
  std::size_t timers() const { return timers_.size(); }

 private:
  void turn();

  World& world_;
  ports::Clock& clock_;
  Rng rng_;
  unsigned index_;
  std::deque<UniqueFunction> ready_;
  bool turn_scheduled_ = false;
  std::map<ports::TimerId, EventId> timers_;
  ports::TimerId next_timer_ = 1;
};

}  // namespace holdfast::sim
