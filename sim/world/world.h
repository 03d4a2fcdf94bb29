// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "base/unique_function.h"
#include "ports/clock.h"
#include "ports/random.h"
#include "sim/world/host.h"
#include "sim/world/rng.h"

namespace holdfast::sim {

/// When an event happens: by time, among equal times in a seeded order.
struct EventId {
  std::uint64_t time_us = 0;
  std::uint64_t tie = 0;
  std::uint64_t number = 0;
  auto operator<=>(const EventId&) const = default;
};

/// Virtual time, the queue of what is to happen, the trace, and the verdict of one run. One thread.
class World final : public Host {
 public:
  /// Entries of the trace that are kept for the report of a failure.
  static constexpr std::size_t kTraceKept = 400;

  explicit World(std::uint64_t seed);

  std::uint64_t seed() const override { return seed_; }
  std::uint64_t now_us() const { return now_us_; }

  /// Runs fn after delay_us.
  EventId schedule(std::uint64_t delay_us, UniqueFunction fn);
  /// False: it ran already.
  bool cancel(const EventId& id);
  /// Runs events until there are none, the run has failed, or virtual time reaches limit_us. True:
  /// there are none left.
  bool run(std::uint64_t limit_us);
  /// Time passes although nothing happens.
  void pass_to(std::uint64_t us) { now_us_ = std::max(now_us_, us); }
  std::size_t pending() const { return queue_.size(); }
  std::uint64_t events() const { return events_; }

  /// Enters something that happened into the trace and its hash. what: a literal.
  void trace(const char* what, std::uint64_t a = 0, std::uint64_t b = 0) override;
  /// The same with a text that is made only when somebody reads it (verbose()).
  bool verbose() const override { return verbose_ != nullptr; }
  void set_verbose(std::FILE* out) { verbose_ = out; }
  void note(const std::string& text) override;
  std::uint64_t trace_hash() const { return hash_; }
  /// The last entries, one a line.
  std::string last_trace(std::size_t count) const;

  /// An oracle was contradicted. The first one counts; the run ends.
  void fail(std::string why) override;
  bool failed() const override { return failure_.has_value(); }
  const std::string& failure() const { return *failure_; }

 private:
  struct Entry {
    std::uint64_t time_us;
    const char* what;
    std::uint64_t a, b;
  };

  std::uint64_t seed_;
  std::uint64_t now_us_ = 0;
  Rng ties_;
  std::uint64_t next_number_ = 1;
  std::uint64_t events_ = 0;
  std::map<EventId, UniqueFunction> queue_;
  std::uint64_t hash_ = 0;
  std::array<Entry, kTraceKept> kept_{};
  std::uint64_t traced_ = 0;
  std::FILE* verbose_ = nullptr;
  std::optional<std::string> failure_;
};

/// How a machine's clocks differ from the world's time.
struct ClockError {
  /// Its monotonic clock began so long before the world.
  std::uint64_t since_boot_us = 0;
  /// Its wall clock is so far ahead.
  std::int64_t wall_us = 0;
  /// Both run so much faster, in millionths.
  std::int64_t drift_ppm = 0;
};

/// A machine's time. The wall clock begins about on a fixed day.
class SimClock final : public ports::Clock {
 public:
  explicit SimClock(World& world, ClockError error = {}) : world_(world), error_(error) {}
  NtTime now() override {
    return {kBegin + (passed_us() + static_cast<std::uint64_t>(error_.wall_us)) * 10};
  }
  std::uint64_t monotonic_us() override { return passed_us() + error_.since_boot_us + 1; }
  /// How long that takes by the world's time; rounded up, so that a timer is never early.
  std::uint64_t world_us(std::uint64_t us) const {
    if (error_.drift_ppm == 0) return us;
    double rate = 1 + static_cast<double>(error_.drift_ppm) / 1e6;
    return static_cast<std::uint64_t>(static_cast<double>(us) / rate) + 2;
  }

 private:
  static constexpr std::uint64_t kBegin = 0x01DA'0000'0000'0000;
  std::uint64_t passed_us() const {
    auto now = static_cast<std::int64_t>(world_.now_us());
    return static_cast<std::uint64_t>(now + now / 1'000'000 * error_.drift_ppm +
                                      now % 1'000'000 * error_.drift_ppm / 1'000'000);
  }
  World& world_;
  ClockError error_;
};

/// Octets from the seed. Each user has its own (see Rng).
class SimRandom final : public ports::Random {
 public:
  SimRandom(std::uint64_t seed, std::uint64_t name) : rng_(seed, name) {}
  void fill(MutBytes out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(rng_.u64() >> 32);
  }

 private:
  Rng rng_;
};

}  // namespace holdfast::sim
