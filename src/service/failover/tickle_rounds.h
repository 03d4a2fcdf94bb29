// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/event.h"
#include "base/failover_limits.h"
#include "ports/executor.h"
#include "ports/tickler.h"

namespace holdfast::service {

struct TicklePace {
  /// Segments to each connection.
  unsigned times = limits::kTickles;
  /// Between two to the same connection, at least.
  std::uint64_t interval_us = limits::kTickleInterval_us;
  /// How long what could not be sent is tried again.
  std::uint64_t wait_us = limits::kTickleAddressWait_us;
  std::size_t per_turn = limits::kTicklesPerTurn;
};

/// What became of the connections; each is counted once.
struct TickleReport {
  /// Were sent every segment.
  std::size_t tickled = 0;
  /// Their address never came to this machine.
  std::size_t not_ours = 0;
  std::size_t failed = 0;
  /// False: this process may not, and nothing was sent.
  bool permitted = true;
  /// Of a failure, if there was one.
  std::string why;
  std::uint64_t took_us = 0;
};

/// One line for the log.
Event tickle_event(const TickleReport& report);

/// Tickles the connections of an earlier instance. Of its loop only; destroying it ends it.
class TickleRounds {
 public:
  /// Called once, from the loop; may destroy the rounds.
  using Done = std::move_only_function<void(const TickleReport&)>;

  /// Sends the first segments at once. A connection that is named twice is tickled once. The loop
  /// and the tickler must outlive it.
  TickleRounds(ports::Executor& loop, ports::Tickler& tickler,
               std::vector<ports::TcpConnection> connections, Done done, TicklePace pace = {});
  ~TickleRounds();
  TickleRounds(const TickleRounds&) = delete;
  TickleRounds& operator=(const TickleRounds&) = delete;

 private:
  struct Target {
    ports::TcpConnection connection;
    unsigned sent = 0;
    ports::TickleOutcome last = ports::TickleOutcome::kFailed;
  };
  /// Goes on with the round at next_; sets the timer for what is left.
  void go_on();
  void tickle(Target& target);
  bool finished() const;
  void finish();
  void again_in(std::uint64_t delay_us);

  ports::Executor& loop_;
  ports::Tickler& tickler_;
  std::vector<Target> targets_;
  Done done_;
  TicklePace pace_;
  std::uint64_t begun_us_;
  std::size_t next_ = 0;
  bool permitted_ = true;
  std::string why_;
  ports::TimerId timer_ = 0;
};

}  // namespace holdfast::service
