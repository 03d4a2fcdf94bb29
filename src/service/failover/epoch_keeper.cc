// SPDX-License-Identifier: Apache-2.0
#include "service/failover/epoch_keeper.h"

#include <algorithm>

#include "base/failover_limits.h"

namespace holdfast::service {

using core::failover::Epoch;
using core::failover::EpochHolder;
using core::failover::EpochTaker;
using Next = EpochTaker::Next;

void EpochKeeper::report(std::string message) {
  if (message == reported_) return;
  events_.emit({Severity::kError, "failover.epoch.failed", message, {}});
  reported_ = std::move(message);
}

void EpochKeeper::say_waiting(const Epoch& holder) {
  if (waited_for_ == holder.number) return;
  waited_for_ = holder.number;
  std::string who = holder.host.empty() ? "another server" : "the server on " + holder.host;
  events_.emit({Severity::kNotice,
                "failover.epoch.waiting",
                "Waiting for " + storage_.path() + ": " + who +
                    " has not given it back, and may serve it for up to " +
                    std::to_string(holder.lease_ms / 1'000) + " s.",
                {{"holder", holder.host}, {"epoch", std::to_string(holder.number)}}});
}

Task<bool> EpochKeeper::fenced(const Epoch& holder) {
  if (!rules_.fence || fenced_ == holder.number) co_return fenced_ == holder.number;
  bool done = co_await ports::run_blocking(loop_, [&] { return rules_.fence(holder); });
  if (!done) co_return false;
  fenced_ = holder.number;
  events_.emit({Severity::kNotice,
                "failover.fenced.other",
                "The earlier server of " + storage_.path() +
                    " was kept from writing by the fence "
                    "command.",
                {{"holder", holder.host}}});
  co_return true;
}

Task<EpochKeeper::Step> EpochKeeper::write(EpochTaker& taker, Step step) {
  auto written =
      co_await ports::run_blocking(loop_, [&] { return storage_.write_epoch(step.write); });
  if (!written) {
    report(written.error().message);
    // It may be there all the same: only a new look tells.
    co_return Step{Next::kWait, loop_.clock().monotonic_us() + limits::kVolumeRetry_us, {}};
  }
  co_return taker.written(loop_.clock().monotonic_us());
}

/// Until the epoch is taken, lost to somebody else (kLost), or the wait was stopped (nullopt).
Task<std::optional<EpochKeeper::Step>> EpochKeeper::try_to_take() {
  core::failover::Candidate candidate{rules_.instance, rules_.boot, rules_.host,
                                      rules_.lease_ms, true,        rules_.exclusive_mount};
  EpochTaker taker(candidate);
  for (;;) {
    std::uint64_t begun_us = loop_.clock().monotonic_us();
    auto read = co_await ports::run_blocking(loop_, [&] { return storage_.read_epoch(); });
    Step step{Next::kWait, begun_us + limits::kVolumeRetry_us, {}};
    if (read) {
      step = taker.read(*read, begun_us, loop_.clock().monotonic_us(), loop_.clock().now());
      if (*read && (*read)->state == Epoch::State::kActive) taken_from_ = (*read)->host;
    } else {
      report(read.error().message);
    }
    if (step.next == Next::kWrite) step = co_await write(taker, std::move(step));
    if (step.next == Next::kTaken || step.next == Next::kLost) co_return step;
    if (read && *read && taker.in_the_way()) {
      Epoch holder = *taker.in_the_way();
      say_waiting(holder);
      if (!candidate.only_machine && co_await fenced(holder)) {
        candidate.only_machine = true;
        taker = EpochTaker(candidate);
        continue;
      }
    }
    std::uint64_t now_us = loop_.clock().monotonic_us();
    if (!co_await pause_.wait(std::max(step.at_us, now_us + 1) - now_us)) co_return std::nullopt;
  }
}

Task<bool> EpochKeeper::take() {
  holder_.reset();
  taken_from_.clear();
  for (;;) {
    std::optional<Step> step = co_await try_to_take();
    if (!step) co_return false;
    if (step->next == Next::kTaken) {
      holder_.emplace(step->write, step->at_us);
      co_return true;
    }
    if (!co_await pause_.wait(limits::kVolumeRetry_us)) co_return false;
  }
}

std::uint64_t EpochKeeper::serve_until_us() const {
  if (!holder_) return 0;
  return rules_.exclusive_mount ? ~std::uint64_t{0} : holder_->stop_us();
}

Task<bool> EpochKeeper::renew(std::function<void(std::uint64_t)> prolonged) {
  for (;;) {
    std::uint64_t now_us = loop_.clock().monotonic_us();
    // A holder whose renewal failed has passed its time: it tries again all the same.
    std::uint64_t at_us = std::max(holder_->renew_us(), now_us + limits::kEpochRetry_us);
    if (!co_await pause_.wait(at_us - now_us)) co_return false;
    std::uint64_t begun_us = loop_.clock().monotonic_us();
    auto read = co_await ports::run_blocking(loop_, [&] { return storage_.read_epoch(); });
    if (!read) {
      report(read.error().message);
      if (!rules_.exclusive_mount && begun_us >= holder_->stop_us()) co_return true;
      continue;
    }
    // With an exclusive mount the time does not end an epoch: a disk that was slow is no loss.
    if (rules_.exclusive_mount) holder_.emplace(holder_->epoch(), begun_us);
    std::optional<Epoch> next = holder_->renewal(*read, begun_us);
    if (!next) co_return true;
    auto written = co_await ports::run_blocking(loop_, [&] { return storage_.write_epoch(*next); });
    if (!written) {
      report(written.error().message);
      if (rules_.exclusive_mount) co_return true;
      continue;
    }
    reported_.clear();
    holder_->renewed(*next, loop_.clock().monotonic_us());
    prolonged(serve_until_us());
  }
}

Task<void> EpochKeeper::release() {
  if (!holder_) co_return;
  Epoch last = holder_->release();
  auto read = co_await ports::run_blocking(loop_, [&] { return storage_.read_epoch(); });
  if (!read || !*read || (*read)->number != last.number || (*read)->instance != last.instance)
    co_return;
  auto written = co_await ports::run_blocking(loop_, [&] { return storage_.write_epoch(last); });
  if (!written) report(written.error().message);
  holder_.reset();
}

}  // namespace holdfast::service
