// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ports/authenticator.h"
#include "ports/clock.h"
#include "ports/executor.h"
#include "ports/random.h"

/// The world that log-on tests and fuzzers need: a loop that runs everything at once, a clock that
/// stands, a generator that counts.
namespace holdfast::service::testing {

class FixedClock final : public ports::Clock {
 public:
  NtTime now() override { return {0x01D9'0000'0000'0000}; }
  std::uint64_t monotonic_us() override { return 1; }
};

class CountingRandom final : public ports::Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(state_ = state_ * 5 + 17);
  }

 private:
  std::uint32_t state_ = 1;
};

class InlineLoop final : public ports::Executor {
 public:
  void post(UniqueFunction fn) override { fn(); }
  ports::TimerId start_timer(std::uint64_t, UniqueFunction fn) override { return fn(), 1; }
  bool cancel_timer(ports::TimerId) override { return false; }
  void run_blocking(UniqueFunction work, UniqueFunction done) override { work(), done(); }
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return 0; }

 private:
  FixedClock clock_;
};

inline Task<void> keep(Task<ports::AuthStep> task, std::optional<ports::AuthStep>& out) {
  out = co_await task;
}

/// Runs one leg to its end.
inline ports::AuthStep run_step(ports::AuthExchange& exchange, ports::Executor& loop, Bytes token) {
  std::optional<ports::AuthStep> out;
  spawn(keep(exchange.step(loop, token), out));
  return std::move(*out);
}

}  // namespace holdfast::service::testing
