// SPDX-License-Identifier: Apache-2.0
#include "service/failover/tickle_rounds.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "service/failover/test_loop.h"

namespace holdfast::service {
namespace {

using ports::Endpoint;
using ports::TcpConnection;
using ports::TickleOutcome;
using testing::TestLoop;

class FakeTickler final : public ports::Tickler {
 public:
  explicit FakeTickler(TestLoop& loop) : loop_(loop) {}
  void expect(const ports::TcpConnection&) override {}
  ports::TickleResult tickle(const TcpConnection& c, unsigned nth) override {
    calls_.push_back({c, nth, loop_.monotonic_us()});
    if (!permitted_) return {TickleOutcome::kNotPermitted, "no"};
    if (away_.contains(c.local)) return {TickleOutcome::kNotOurs, "elsewhere"};
    if (failing_.contains(c.local)) return {TickleOutcome::kFailed, "Network is unreachable"};
    return {};
  }
  struct Call {
    TcpConnection connection;
    unsigned nth;
    std::uint64_t at_us;
  };
  std::vector<Call> of(const TcpConnection& c) const {
    std::vector<Call> out;
    for (const Call& call : calls_)
      if (call.connection == c) out.push_back(call);
    return out;
  }
  TestLoop& loop_;
  std::vector<Call> calls_;
  std::set<Endpoint> away_;
  std::set<Endpoint> failing_;
  bool permitted_ = true;
};

class TickleRoundsTest : public ::testing::Test {
 protected:
  static TcpConnection connection(std::uint8_t server, std::uint16_t port) {
    return {Endpoint::v4(10, 0, 0, server, 445), Endpoint::v4(10, 0, 1, 1, port)};
  }
  void start(std::vector<TcpConnection> connections, TicklePace pace = {}) {
    rounds_ = std::make_unique<TickleRounds>(
        loop_, tickler_, std::move(connections),
        [this](const TickleReport& report) {
          report_ = report;
          rounds_.reset();
        },
        pace);
  }
  TestLoop loop_;
  FakeTickler tickler_{loop_};
  std::unique_ptr<TickleRounds> rounds_;
  std::optional<TickleReport> report_;
};

TEST_F(TickleRoundsTest, EachConnectionGetsThreeSegmentsSixTenthsOfASecondApart) {
  auto a = connection(1, 50'000), b = connection(2, 50'001);
  start({a, b, a});
  loop_.pass(10'000'000);
  for (const TcpConnection& c : {a, b}) {
    auto calls = tickler_.of(c);
    ASSERT_EQ(calls.size(), 3u);
    for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(calls[i].nth, i);
    EXPECT_EQ(calls[0].at_us, 1'000'000u);
    EXPECT_EQ(calls[1].at_us, 1'600'000u);
    EXPECT_EQ(calls[2].at_us, 2'200'000u);
  }
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->tickled, 2u);
  EXPECT_EQ(report_->took_us, 1'200'000u);
  EXPECT_EQ(loop_.timers(), 0u);
  EXPECT_EQ(tickle_event(*report_).severity, Severity::kNotice);
}

TEST_F(TickleRoundsTest, ManyDoNotHoldTheLoop) {
  std::vector<TcpConnection> many;
  for (std::uint16_t port = 1; port <= 1'000; ++port) many.push_back(connection(1, port));
  start(many);
  loop_.pass(0);
  EXPECT_EQ(tickler_.calls_.size(), limits::kTicklesPerTurn);
  loop_.pass(10'000'000);
  EXPECT_EQ(tickler_.calls_.size(), 3'000u);
  auto calls = tickler_.of(many.back());
  EXPECT_GE(calls[1].at_us - calls[0].at_us, 600'000u);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->tickled, 1'000u);
}

TEST_F(TickleRoundsTest, AnAddressThatComesLaterIsWaitedFor) {
  auto here = connection(1, 50'000), later = connection(2, 50'001);
  tickler_.away_.insert(later.local);
  start({here, later});
  loop_.pass(5'000'000);
  EXPECT_FALSE(report_);
  EXPECT_EQ(tickler_.of(here).size(), 3u);
  tickler_.away_.clear();
  loop_.pass(600'000);
  EXPECT_EQ(tickler_.of(later).back().nth, 0u);
  loop_.pass(5'000'000);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->tickled, 2u);
}

TEST_F(TickleRoundsTest, WhatNeverWorksIsGivenUpAndSaid) {
  auto away = connection(2, 50'001), broken = connection(3, 50'002);
  tickler_.away_.insert(away.local);
  tickler_.failing_.insert(broken.local);
  start({connection(1, 1), away, broken});
  loop_.pass(limits::kTickleAddressWait_us - 1'000'000);
  EXPECT_FALSE(report_);
  loop_.pass(2'000'000);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->tickled, 1u);
  EXPECT_EQ(report_->not_ours, 1u);
  EXPECT_EQ(report_->failed, 1u);
  Event event = tickle_event(*report_);
  EXPECT_EQ(event.severity, Severity::kWarning);
  EXPECT_NE(event.message.find("Network is unreachable"), std::string::npos) << event.message;
}

TEST_F(TickleRoundsTest, WithoutPermissionOneAttemptIsMade) {
  tickler_.permitted_ = false;
  start({connection(1, 1), connection(1, 2)});
  loop_.pass(0);
  ASSERT_TRUE(report_);
  EXPECT_FALSE(report_->permitted);
  EXPECT_EQ(tickler_.calls_.size(), 1u);
  EXPECT_EQ(tickle_event(*report_).name, "failover.tickle.not_permitted");
}

TEST_F(TickleRoundsTest, NothingToDoIsSaidFromTheLoop) {
  start({});
  EXPECT_FALSE(report_);
  loop_.pass(0);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->tickled, 0u);
}

TEST_F(TickleRoundsTest, DestroyingItEndsIt) {
  start({connection(1, 1)});
  loop_.pass(0);
  rounds_.reset();
  EXPECT_EQ(loop_.timers(), 0u);
  EXPECT_FALSE(report_);
}

}  // namespace
}  // namespace holdfast::service
