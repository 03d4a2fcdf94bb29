// SPDX-License-Identifier: Apache-2.0
#include "service/failover/tickle_rounds.h"

#include <algorithm>

#include "base/count_of.h"

namespace holdfast::service {
namespace {

using ports::TickleOutcome;

/// Between two parts of one round: others of the loop have their turn.
constexpr std::uint64_t kNextTurn_us = 1;

std::string connections(std::size_t n) { return count_of(n, "connection", "connections"); }

}  // namespace

Event tickle_event(const TickleReport& report) {
  if (!report.permitted)
    return {Severity::kWarning,
            "failover.tickle.not_permitted",
            "Cannot tell clients of the earlier instance to connect anew: " + report.why +
                ". Nothing is lost, but they notice only by their own timeouts.",
            {}};
  std::string text = "Told " + connections(report.tickled) +
                     " of the earlier instance to connect anew, within " +
                     std::to_string(report.took_us / 1'000) + " ms";
  if (report.not_ours != 0)
    text += "; " + connections(report.not_ours) + " not, whose address is not this machine's";
  if (report.failed != 0) text += "; " + connections(report.failed) + " not: " + report.why;
  bool all = report.not_ours == 0 && report.failed == 0;
  return {all ? Severity::kNotice : Severity::kWarning,
          "failover.tickled",
          text + ".",
          {{"tickled", std::to_string(report.tickled)},
           {"not_ours", std::to_string(report.not_ours)},
           {"failed", std::to_string(report.failed)}}};
}

TickleRounds::TickleRounds(ports::Executor& loop, ports::Tickler& tickler,
                           std::vector<ports::TcpConnection> connections, Done done,
                           TicklePace pace)
    : loop_(loop),
      tickler_(tickler),
      done_(std::move(done)),
      pace_(pace),
      begun_us_(loop.clock().monotonic_us()) {
  std::ranges::sort(connections);
  auto repeated = std::ranges::unique(connections);
  connections.erase(repeated.begin(), repeated.end());
  for (const ports::TcpConnection& c : connections) targets_.push_back({c});
  // From the loop also when there is nothing to do: the owner has not kept us yet.
  again_in(0);
}

TickleRounds::~TickleRounds() {
  if (timer_ != 0) loop_.cancel_timer(timer_);
}

void TickleRounds::again_in(std::uint64_t delay_us) {
  timer_ = loop_.start_timer(delay_us, [this] {
    timer_ = 0;
    go_on();
  });
}

void TickleRounds::tickle(Target& target) {
  if (target.sent >= pace_.times) return;
  ports::TickleResult result = tickler_.tickle(target.connection, target.sent);
  target.last = result.outcome;
  if (result.outcome == TickleOutcome::kSent) {
    ++target.sent;
    return;
  }
  if (result.outcome == TickleOutcome::kNotPermitted) permitted_ = false;
  if (result.outcome != TickleOutcome::kNotOurs) why_ = result.why;
}

void TickleRounds::go_on() {
  std::size_t end = std::min(targets_.size(), next_ + pace_.per_turn);
  for (; next_ < end && permitted_; ++next_) tickle(targets_[next_]);
  if (!permitted_) return finish();
  if (next_ < targets_.size()) return again_in(kNextTurn_us);
  next_ = 0;
  if (finished()) return finish();
  again_in(pace_.interval_us);
}

bool TickleRounds::finished() const {
  bool time_is_up = loop_.clock().monotonic_us() - begun_us_ >= pace_.wait_us;
  // What can be sent gets all its segments, even when the time is up meanwhile.
  return std::ranges::all_of(targets_, [&](const Target& t) {
    return t.sent >= pace_.times || (time_is_up && t.last != TickleOutcome::kSent);
  });
}

void TickleRounds::finish() {
  TickleReport report;
  report.permitted = permitted_;
  report.took_us = loop_.clock().monotonic_us() - begun_us_;
  for (const Target& t : targets_) {
    if (t.sent >= pace_.times)
      ++report.tickled;
    else if (t.last == TickleOutcome::kNotOurs)
      ++report.not_ours;
    else
      ++report.failed;
  }
  if (report.failed != 0 || !permitted_) report.why = std::move(why_);
  Done done = std::move(done_);
  if (done) done(report);
}

}  // namespace holdfast::service
