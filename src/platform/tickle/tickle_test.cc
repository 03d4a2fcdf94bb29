// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>

#include <chrono>
#include <future>
#include <thread>

#include "platform/address/netlink_addresses.h"
#include "platform/address/test_network.h"
#include "platform/loop_group/loop_group.h"
#include "platform/tickle/raw_tickler.h"
#include "platform/tickle/repaired_socket.h"
#include "service/failover/tickle_rounds.h"

namespace holdfast::platform {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kPort = 4'450;

/// Takes a capability from this thread's effective ones for a scope.
class Without {
 public:
  explicit Without(unsigned capability) : bit_(1u << capability) { set(false); }
  ~Without() { set(true); }
  Without(const Without&) = delete;

 private:
  void set(bool on) const {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2];
    if (::syscall(SYS_capget, &header, data) != 0) std::abort();
    data[0].effective = on ? data[0].effective | bit_ : data[0].effective & ~bit_;
    if (::syscall(SYS_capset, &header, data) != 0) std::abort();
  }
  std::uint32_t bit_;
};

/// More than the buffers of both ends hold.
constexpr std::size_t kSent = 32 << 20;

/// 0 when all of kSent could be sent, else an errno.
int send_all(int fd) {
  timeval limit{20, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  std::vector<char> data(kSent);
  for (std::size_t sent = 0; sent < kSent;) {
    ssize_t n = ::send(fd, data.data() + sent, kSent - sent, MSG_NOSIGNAL);
    if (n <= 0) return errno;
    sent += static_cast<std::size_t>(n);
  }
  return 0;
}

/// Waits until the client has sent the same several times, ever more seldom, as nobody answers.
bool is_stuck(int fd) {
  for (auto until = Clock::now() + std::chrono::seconds(20); Clock::now() < until;) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
    if (info.tcpi_unacked != 0 && info.tcpi_last_ack_recv >= 1'500) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

int ms_since(Clock::time_point begin) {
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  return static_cast<int>(took.count());
}

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
  service::TickleReport tickle(std::optional<unsigned> missing = {}) {
    LoopGroupOptions options;
    options.loops = 1;
    options.kind = LoopKind::kEpoll;
    auto group = LoopGroup::start(options);
    EXPECT_TRUE(group);
    std::promise<service::TickleReport> report;
    std::unique_ptr<service::TickleRounds> rounds;
    std::optional<Without> without;
    EventLoop& loop = (*group)->loop(0);
    loop.post([&] {
      EXPECT_EQ(::setns(net_->server(1).fd(), CLONE_NEWNET), 0);
      if (missing) without.emplace(*missing);
      rounds = std::make_unique<service::TickleRounds>(loop, tickler_, std::vector{known_},
                                                       [&](const service::TickleReport& done) {
                                                         auto owned = std::move(rounds);
                                                         without.reset();
                                                         report.set_value(done);
                                                       });
    });
    return report.get_future().get();
  }
  /// The client is amid sending when the server is lost.
  std::future<int> begin_to_send() {
    auto sending = std::async(std::launch::async, send_all, connection_.client.get());
    EXPECT_TRUE(is_stuck(connection_.client.get()));
    return sending;
  }
  /// As the server has it.
  void listen() {
    Inside inside(net_->server(1));
    auto listening = open_listeners(known_.local, 1);
    ASSERT_TRUE(listening) << listening.error();
    listener_ = std::move(listening->sockets[0]);
  }
  /// What the client sees for its new one.
  int connect_from_the_same_port() {
    Inside inside(net_->client());
    sockaddr_storage from, to;
    socklen_t size = to_sockaddr(known_.peer, from);
    (void)to_sockaddr(known_.local, to);
    UniqueFd fd(::socket(from.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    timeval limit{5, 0};
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&from), size) != 0 ||
        ::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0)
      return errno;
    return 0;
  }
  /// Whether no socket of the second server has the connection's place.
  bool is_free() {
    Inside inside(net_->server(1));
    UniqueFd fd = bind_repaired(known_);
    return fd.valid() && hold_place(fd.get(), known_);
  }
  std::optional<TestNetwork> net_;
  NetlinkAddresses addresses_;
  RawTickler tickler_;
  ports::MovingAddress moving_{moving_address(GetParam()), 0, ""};
  TestConnection connection_;
  ports::TcpConnection known_;
  UniqueFd listener_;
};

TEST_P(TickleTest, AClientLearnsAtOnce) {
  lose_server();
  take_over();
  listen();
  auto begin = Clock::now();
  auto seen = std::async(std::launch::async, [&] {
    int error = error_within(connection_.client.get(), 10'000);
    return std::pair(error, ms_since(begin));
  });
  service::TickleReport report = tickle();
  auto [error, took_ms] = seen.get();
  EXPECT_EQ(error, 0);
  RecordProperty("end_after_ms", took_ms);
  // Some milliseconds, or a second more where neighbours have to be asked for twice (RFC 4861).
  EXPECT_LT(took_ms, 3'000);
  EXPECT_EQ(report.tickled, 1u);
  EXPECT_GE(report.took_us, 1'200'000u);
}

TEST_P(TickleTest, WhereNothingCanBeRevivedAClientIsReset) {
  lose_server();
  take_over();
  auto seen = std::async(std::launch::async,
                         [&] { return error_within(connection_.client.get(), 10'000); });
  EXPECT_EQ(tickle(CAP_NET_ADMIN).tickled, 1u);
  EXPECT_EQ(seen.get(), ECONNRESET);
}

TEST_P(TickleTest, AClientThatIsSendingCanSendAllAndSeesAnEndInOrder) {
  lose_server();
  std::future<int> sending = begin_to_send();
  {
    Inside inside(net_->server(1));
    tickler_.expect(known_);
  }
  auto begin = Clock::now();
  take_over();
  listen();
  auto tickling = std::async(std::launch::async, [&] { return tickle(); });
  EXPECT_EQ(sending.get(), 0);
  RecordProperty("sent_after_ms", ms_since(begin));
  EXPECT_EQ(error_within(connection_.client.get(), 10'000), 0);
  RecordProperty("end_after_ms", ms_since(begin));
  EXPECT_LT(ms_since(begin), 3'000);
  EXPECT_EQ(tickling.get().tickled, 1u);
}

TEST_P(TickleTest, AClientWithoutTimestampsIsRevivedToo) {
  if (!run_in(net_->client(), "echo 0 > /proc/sys/net/ipv4/tcp_timestamps"))
    GTEST_SKIP() << "cannot change the client's settings";
  connection_ =
      TestConnection::make(net_->client(), net_->server(0), moving_address(GetParam(), kPort + 1));
  known_ = {local_endpoint(connection_.server.get()), peer_endpoint(connection_.server.get())};
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(::getsockopt(connection_.client.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  ASSERT_EQ(info.tcpi_options & TCPI_OPT_TIMESTAMPS, 0);
  lose_server();
  std::future<int> sending = begin_to_send();
  {
    // Else what it sends again may come before the tickle, and is reset.
    Inside inside(net_->server(1));
    tickler_.expect(known_);
  }
  take_over();
  auto begin = Clock::now();
  auto tickling = std::async(std::launch::async, [&] { return tickle(); });
  EXPECT_EQ(sending.get(), 0);
  RecordProperty("sent_after_ms", ms_since(begin));
  EXPECT_EQ(error_within(connection_.client.get(), 10'000), 0);
  EXPECT_EQ(tickling.get().tickled, 1u);
}

TEST_P(TickleTest, WhereNothingCanBeRevivedAClientThatIsSendingIsReset) {
  lose_server();
  std::future<int> sending = begin_to_send();
  take_over();
  EXPECT_EQ(tickle(CAP_NET_ADMIN).tickled, 1u);
  EXPECT_EQ(sending.get(), ECONNRESET);
}

TEST_P(TickleTest, WhatAClientSendsAgainTellsEnoughToo) {
  lose_server();
  std::future<int> sending = begin_to_send();
  std::promise<void> stop;
  // Its next one may take seconds: expected as long as it takes.
  auto expecting = std::async(std::launch::async, [&, stopped = stop.get_future()] {
    Inside inside(net_->server(1));
    do tickler_.expect(known_);
    while (stopped.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
  });
  take_over();
  auto begin = Clock::now();
  EXPECT_EQ(sending.get(), 0);
  RecordProperty("sent_after_ms", ms_since(begin));
  EXPECT_EQ(error_within(connection_.client.get(), 10'000), 0);
  stop.set_value();
}

TEST_P(TickleTest, TheClientCanConnectFromTheSamePort) {
  lose_server();
  take_over();
  listen();
  tickle();
  EXPECT_EQ(error_within(connection_.client.get(), 5'000), 0);
  connection_.client.reset();
  EXPECT_EQ(connect_from_the_same_port(), 0);
}

TEST_P(TickleTest, APlaceIsHeldForAClientThatSaysNothingAndNotForLong) {
  lose_server();
  take_over();
  ASSERT_TRUE(net_->cut(1));
  Inside inside(net_->server(1));
  auto begin = Clock::now();
  tickler_.expect(known_);
  EXPECT_FALSE(is_free());
  while (!is_free() && ms_since(begin) < 10'000)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(ms_since(begin) * 1'000, static_cast<int>(limits::kRevivalWait_us));
  EXPECT_LT(ms_since(begin), 5'000);
  // Nor when the last segment is sent, whose answer is to be a reset.
  EXPECT_EQ(tickler_.tickle(known_, 0).outcome, ports::TickleOutcome::kSent);
  EXPECT_FALSE(is_free());
  EXPECT_EQ(tickler_.tickle(known_, limits::kTickles - 1).outcome, ports::TickleOutcome::kSent);
  EXPECT_TRUE(is_free());
}

TEST_P(TickleTest, ThePlaceOfAClientThatKnowsNoConnectionIsFreeAtOnce) {
  lose_server();
  linger nothing{1, 0};  // Else it would wait for an answer to its end.
  (void)::setsockopt(connection_.client.get(), SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
  connection_.client.reset();
  take_over();
  listen();
  {
    Inside inside(net_->server(1));
    EXPECT_EQ(tickler_.tickle(known_, 0).outcome, ports::TickleOutcome::kSent);
  }
  EXPECT_EQ(connect_from_the_same_port(), 0);
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
  EXPECT_EQ(error_within(connection_.client.get(), 5'000), 0);
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

TEST_P(TickleTest, WithoutTheCapabilityItSaysSo) {
  Inside inside(net_->server(0));
  Without without(CAP_NET_RAW);
  auto result = tickler_.tickle(known_, 0);
  EXPECT_EQ(result.outcome, ports::TickleOutcome::kNotPermitted);
  EXPECT_NE(result.why.find("CAP_NET_RAW"), std::string_view::npos);
}

INSTANTIATE_TEST_SUITE_P(Families, TickleTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace holdfast::platform
