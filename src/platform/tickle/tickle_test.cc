// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include <chrono>
#include <future>

#include "platform/address/netlink_addresses.h"
#include "platform/address/test_network.h"
#include "platform/loop_group/loop_group.h"
#include "platform/tickle/raw_tickler.h"
#include "service/failover/tickle_rounds.h"

namespace holdfast::platform {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kPort = 4'450;

/// A server vanishes without a word, and its address comes to another one; once for each family.
class TickleTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string why;
    net_ = TestNetwork::make(why);
    if (!net_) GTEST_SKIP() << why;
    {
      Inside inside(net_->server(0));
      ASSERT_TRUE(addresses_.take(moving_));
    }
    connection_ =
        TestConnection::make(net_->client(), net_->server(0), moving_address(GetParam(), kPort));
    ASSERT_TRUE(connection_.server.valid());
    known_ = {local_endpoint(connection_.server.get()), peer_endpoint(connection_.server.get())};
  }
  void lose_server() { ASSERT_TRUE(net_->cut(0)); }
  void take_over() {
    Inside inside(net_->server(1));
    ASSERT_TRUE(addresses_.take(moving_));
    ASSERT_TRUE(addresses_.announce(moving_));
  }
  /// The rounds on a real loop, whose raw sockets are made in the second server's namespace.
  service::TickleReport tickle() {
    LoopGroupOptions options;
    options.loops = 1;
    options.kind = LoopKind::kEpoll;
    auto group = LoopGroup::start(options);
    EXPECT_TRUE(group);
    std::promise<service::TickleReport> report;
    std::unique_ptr<service::TickleRounds> rounds;
    EventLoop& loop = (*group)->loop(0);
    loop.post([&] {
      EXPECT_EQ(::setns(net_->server(1).fd(), CLONE_NEWNET), 0);
      rounds = std::make_unique<service::TickleRounds>(loop, tickler_, std::vector{known_},
                                                       [&](const service::TickleReport& done) {
                                                         auto owned = std::move(rounds);
                                                         report.set_value(done);
                                                       });
    });
    return report.get_future().get();
  }
  std::optional<TestNetwork> net_;
  NetlinkAddresses addresses_;
  RawTickler tickler_;
  ports::MovingAddress moving_{moving_address(GetParam()), 0, ""};
  TestConnection connection_;
  ports::TcpConnection known_;
};

TEST_P(TickleTest, AClientLearnsAtOnce) {
  lose_server();
  take_over();
  auto begin = Clock::now();
  auto seen = std::async(std::launch::async, [&] {
    int error = error_within(connection_.client.get(), 10'000);
    return std::pair(error, Clock::now());
  });
  service::TickleReport report = tickle();
  auto [error, at] = seen.get();
  EXPECT_EQ(error, ECONNRESET);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(at - begin);
  RecordProperty("reset_after_ms", static_cast<int>(took.count()));
  // Some milliseconds, or a second more where neighbours have to be asked for twice (RFC 4861).
  EXPECT_LT(took.count(), 3'000);
  EXPECT_EQ(report.tickled, 1u);
  EXPECT_GE(report.took_us, 1'200'000u);
}

TEST_P(TickleTest, WithoutTicklesAnIdleClientLearnsNothing) {
  lose_server();
  take_over();
  EXPECT_EQ(error_within(connection_.client.get(), 3'000), -1);
}

TEST_P(TickleTest, OneSegmentIsEnoughWhenTheClientAnswersIt) {
  lose_server();
  take_over();
  {
    Inside inside(net_->server(1));
    EXPECT_EQ(tickler_.tickle(known_, 0).outcome, ports::TickleOutcome::kSent);
  }
  // The two may have to find each other anew first, and ask again after a second (RFC 4861).
  EXPECT_EQ(error_within(connection_.client.get(), 5'000), ECONNRESET);
}

TEST_P(TickleTest, AConnectionThatLivesIsNotHarmed) {
  Inside inside(net_->server(0));
  for (unsigned nth = 0; nth < 3; ++nth)
    EXPECT_EQ(tickler_.tickle(known_, nth).outcome, ports::TickleOutcome::kSent);
  EXPECT_EQ(error_within(connection_.client.get(), 1'500), -1);
  ASSERT_EQ(::send(connection_.server.get(), "x", 1, 0), 1);
  EXPECT_EQ(error_within(connection_.client.get(), 1'000), 0);
}

TEST_P(TickleTest, AnAddressOfAnotherMachineIsNotUsed) {
  Inside inside(net_->server(1));
  EXPECT_EQ(tickler_.tickle(known_, 0).outcome, ports::TickleOutcome::kNotOurs);
}

/// Takes CAP_NET_RAW from this thread's effective capabilities for a scope.
class WithoutNetRaw {
 public:
  WithoutNetRaw() { set(false); }
  ~WithoutNetRaw() { set(true); }

 private:
  static void set(bool on) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2];
    if (::syscall(SYS_capget, &header, data) != 0) std::abort();
    std::uint32_t bit = 1u << CAP_NET_RAW;
    data[0].effective = on ? data[0].effective | bit : data[0].effective & ~bit;
    if (::syscall(SYS_capset, &header, data) != 0) std::abort();
  }
};

TEST_P(TickleTest, WithoutTheCapabilityItSaysSo) {
  Inside inside(net_->server(0));
  WithoutNetRaw without;
  auto result = tickler_.tickle(known_, 0);
  EXPECT_EQ(result.outcome, ports::TickleOutcome::kNotPermitted);
  EXPECT_NE(result.why.find("CAP_NET_RAW"), std::string_view::npos);
}

INSTANTIATE_TEST_SUITE_P(Families, TickleTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace holdfast::platform
