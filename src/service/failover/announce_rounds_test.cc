// SPDX-License-Identifier: Apache-2.0
#include "service/failover/announce_rounds.h"

#include <gtest/gtest.h>

#include <vector>

#include "service/failover/test_loop.h"

namespace holdfast::service {
namespace {

using testing::TestLoop;

class FakeHolder final : public ports::AddressHolder {
 public:
  explicit FakeHolder(TestLoop& loop) : loop_(loop) {}
  std::expected<Held, std::string> take(const ports::MovingAddress&) override { return Held{}; }
  std::expected<void, std::string> release(const ports::MovingAddress&) override { return {}; }
  std::expected<void, std::string> announce(const ports::MovingAddress& a) override {
    EXPECT_EQ(a.interface, "eth0");
    at_us_.push_back(loop_.monotonic_us() - 1'000'000);
    if (fails_) return std::unexpected("no");
    return {};
  }
  TestLoop& loop_;
  std::vector<std::uint64_t> at_us_;
  bool fails_ = false;
};

const ports::MovingAddress kAddress{ports::Endpoint::v4(192, 0, 2, 1, 0), 0, "eth0"};

TEST(AnnounceRounds, AnnouncesSeveralTimesAtGrowingIntervals) {
  TestLoop loop;
  auto holder = std::make_shared<FakeHolder>(loop);
  int first = 0;
  AnnounceRounds rounds(loop, holder, kAddress, [&](const auto& result) {
    EXPECT_TRUE(result);
    EXPECT_EQ(holder->at_us_.size(), 1u);
    ++first;
  });
  EXPECT_EQ(first, 0);
  loop.pass(60'000'000);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(holder->at_us_, (std::vector<std::uint64_t>{0, 100'000, 300'000, 700'000, 1'500'000}));
  EXPECT_EQ(rounds.announced(), 5u);
}

TEST(AnnounceRounds, AFailureIsToldAndTriedAgain) {
  TestLoop loop;
  auto holder = std::make_shared<FakeHolder>(loop);
  holder->fails_ = true;
  std::string error;
  AnnounceRounds rounds(loop, holder, kAddress,
                        [&](const auto& result) { error = result.error(); });
  loop.pass(60'000'000);
  EXPECT_EQ(error, "no");
  EXPECT_EQ(holder->at_us_.size(), 5u);
}

TEST(AnnounceRounds, DestroyingItEndsIt) {
  TestLoop loop;
  auto holder = std::make_shared<FakeHolder>(loop);
  bool called = false;
  {
    AnnounceRounds rounds(loop, holder, kAddress, [&](const auto&) { called = true; });
  }
  loop.pass(60'000'000);
  EXPECT_FALSE(called);
  auto inside = std::make_unique<AnnounceRounds>(loop, holder, kAddress, [](const auto&) {});
  loop.pass(0);
  inside.reset();
  EXPECT_EQ(loop.timers(), 0u);
  std::unique_ptr<AnnounceRounds> itself;
  itself = std::make_unique<AnnounceRounds>(loop, holder, kAddress,
                                            [&](const auto&) { itself.reset(); });
  loop.pass(60'000'000);
  EXPECT_EQ(loop.timers(), 0u);
}

}  // namespace
}  // namespace holdfast::service
