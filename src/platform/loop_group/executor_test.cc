// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "platform/loop_group/test_support.h"

namespace holdfast::platform::testing {
namespace {

class GroupTest : public LoopTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, GroupTest, ::testing::Values(LoopKind::kEpoll, LoopKind::kUring),
                         kind_name);

TEST_P(GroupTest, TimersRunInOrderAndCancelledOnesNever) {
  std::promise<std::vector<int>> done;
  group_->loop(0).post([&] {
    auto& loop = group_->loop(0);
    auto order = std::make_shared<std::vector<int>>();
    auto note = [order](int n) { return [order, n] { order->push_back(n); }; };
    loop.start_timer(20'000, note(4));
    loop.start_timer(5'000, note(2));
    auto never = loop.start_timer(1'000, note(99));
    loop.start_timer(0, note(1));
    loop.start_timer(5'000, note(3));
    EXPECT_TRUE(loop.cancel_timer(never));
    EXPECT_FALSE(loop.cancel_timer(never));
    std::uint64_t begun = loop.clock().monotonic_us();
    loop.start_timer(30'000, [&, order, begun] {
      EXPECT_GE(loop.clock().monotonic_us() - begun, 30'000u);
      done.set_value(*order);
    });
  });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2, 3, 4}));
}

TEST_P(GroupTest, PostsOfEachThreadRunInOrder) {
  constexpr int kThreads = 8, kPosts = 5'000;
  std::vector<std::vector<int>> seen(kThreads);
  std::promise<void> done;
  int left = kThreads * kPosts;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i)
        group_->loop(1).post([&, t, i] {
          EXPECT_TRUE(group_->loop(1).on_loop_thread());
          seen[static_cast<std::size_t>(t)].push_back(i);
          if (--left == 0) done.set_value();
        });
    });
  }
  for (auto& thread : threads) thread.join();
  done.get_future().get();
  for (auto& numbers : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(kPosts));
    for (int i = 0; i < kPosts; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
  }
}

Task<void> ping_pong(LoopGroup& group, std::promise<int>& done) {
  int sum = 0;
  for (int i = 0; i < 100; ++i) {
    sum += co_await ports::run_blocking(group.loop(0), [i] { return i; });
    EXPECT_TRUE(group.loop(0).on_loop_thread());
  }
  co_await ports::sleep_for(group.loop(0), 1'000);
  done.set_value(sum);
}

TEST_P(GroupTest, BlockingWorkLeavesTheLoopAndAnswersOnIt) {
  std::promise<int> done;
  group_->loop(0).post([&] { spawn(ping_pong(*group_, done)); });
  EXPECT_EQ(done.get_future().get(), 4'950);
}

TEST_P(GroupTest, ManyBlockingCallsRunAtOnce) {
  // Each waits until all run: with fewer threads than this the test would hang.
  std::latch all(16);
  std::latch done(16);
  group_->loop(0).post([&] {
    for (int i = 0; i < 16; ++i)
      group_->loop(0).run_blocking([&] { all.arrive_and_wait(); }, [&] { done.count_down(); });
  });
  done.wait();
}

Task<void> use_file(LoopGroup& group, int fd, std::promise<void>& done) {
  FileIo& io = group.file_io(1);
  ByteVec content = pattern(3'000'000, 9);
  std::size_t at = 0;
  while (at < content.size()) {
    std::int64_t n = co_await io.pwrite(fd, Bytes(content).subspan(at), 100 + at);
    EXPECT_GT(n, 0);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  EXPECT_EQ(co_await io.fsync(fd), 0);
  EXPECT_EQ(co_await io.fsync(fd, true), 0);
  ByteVec back(content.size() + 10);
  std::size_t have = 0;
  for (;;) {
    std::int64_t n = co_await io.pread(fd, MutBytes(back).subspan(have), 100 + have);
    EXPECT_GE(n, 0);
    EXPECT_TRUE(group.loop(1).on_loop_thread());
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  back.resize(have);
  EXPECT_TRUE(back == content);
  EXPECT_EQ(co_await io.pread(-1, back, 0), -EBADF);
  EXPECT_EQ(co_await io.fsync(-1), -EBADF);
  done.set_value();
}

TEST_P(GroupTest, FilesAreReadWrittenAndSynced) {
  char name[] = "/tmp/holdfast-loop-test-XXXXXX";
  UniqueFd fd(::mkstemp(name));
  ASSERT_TRUE(fd.valid());
  ::unlink(name);
  std::promise<void> done;
  group_->loop(1).post([&] { spawn(use_file(*group_, fd.get(), done)); });
  done.get_future().get();
}

TEST_P(GroupTest, StopWaitsForWorkInProgress) {
  std::atomic<bool> finished{false};
  std::promise<void> started;
  std::promise<void> release;
  group_->loop(0).post([&] {
    group_->loop(0).run_blocking(
        [&] {
          started.set_value();
          release.get_future().get();
        },
        [&] { finished = true; });
  });
  started.get_future().get();
  std::thread releaser([&] { release.set_value(); });
  group_->stop();
  EXPECT_TRUE(finished);
  releaser.join();
}

TEST_P(GroupTest, ListensOnBothFamiliesAtOnce) {
  auto at = serve([] { return std::make_shared<EchoHandler>(); }, ports::Endpoint{});
  ports::Endpoint v4 = ports::Endpoint::v4(127, 0, 0, 1, at.port);
  Client client(v4);
  ASSERT_TRUE(client.connected());
  EXPECT_TRUE(client.send(as_bytes("abc")));
  EXPECT_EQ(client.receive(3).size(), 3u);
  EXPECT_EQ(handler(0)->stream().peer().address_string(), "127.0.0.1");
  EXPECT_EQ(handler(0)->stream().local(), v4);
  if (at.is_v4()) GTEST_SKIP() << "no IPv6 here";
  ports::Endpoint v6 = at;
  v6.address[15] = 1;
  Client other(v6);
  ASSERT_TRUE(other.connected());
  EXPECT_TRUE(other.send(as_bytes("abc")));
  EXPECT_EQ(other.receive(3).size(), 3u);
  EXPECT_EQ(handler(1)->stream().peer().address_string(), "::1");
}

TEST_P(GroupTest, AnAddressInUseIsRefusedInWords) {
  auto at = serve<EchoHandler>();
  auto again = group_->listen(at, [](ports::Executor&, std::shared_ptr<ports::Stream>) {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(),
            "cannot listen on " + at.to_string() + ": another process listens there already");
  auto nowhere = group_->listen(ports::Endpoint::v4(192, 0, 2, 1, 0),
                                [](ports::Executor&, std::shared_ptr<ports::Stream>) {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error(), "cannot listen on 192.0.2.1:0: this machine has no such address");
}

TEST_P(GroupTest, StopListeningRefusesNewAndKeepsOldConnections) {
  auto at = serve<EchoHandler>();
  Client old(at);
  EXPECT_TRUE(old.send(as_bytes("a")));
  EXPECT_EQ(old.receive(1).size(), 1u);
  group_->stop_listening();
  Client late(at);
  EXPECT_FALSE(late.connected());
  EXPECT_TRUE(old.send(as_bytes("b")));
  EXPECT_EQ(old.receive(1).size(), 1u);
}

TEST_P(GroupTest, ConnectionsBeyondTheLimitAreResetAndReported) {
  options_.max_connections = 3;
  start();
  auto at = serve<EchoHandler>();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(at));
    EXPECT_TRUE(clients.back()->send(as_bytes("a")));
    EXPECT_EQ(clients.back()->receive(1).size(), 1u);
  }
  Client fourth(at);
  EXPECT_EQ(fourth.receive_end(), -ECONNRESET);
  EXPECT_TRUE(events_.wait_for("connection.refused.limit"));
  clients.pop_back();
  handler(2)->wait_closed();
  Client fifth(at);
  EXPECT_TRUE(fifth.send(as_bytes("a")));
  EXPECT_EQ(fifth.receive(1).size(), 1u);
}

TEST_P(GroupTest, RunsOutOfDescriptorsWithoutSpinningOrCrashing) {
  auto at = serve<EchoHandler>();
  Client first(at);
  EXPECT_TRUE(first.send(as_bytes("a")));
  EXPECT_EQ(first.receive(1).size(), 1u);
  rlimit old;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  Client second(loopback());  // Its socket exists before the limit falls; it is not connected yet.
  UniqueFd lowest(::dup(0));
  rlimit low{static_cast<rlim_t>(lowest.get()), old.rlim_max};
  lowest.reset();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(at.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(second.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_TRUE(events_.wait_for("listen.paused"));
  // Those that are there go on.
  EXPECT_TRUE(first.send(as_bytes("b")));
  EXPECT_EQ(first.receive(1).size(), 1u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(second.send(as_bytes("c")));
  EXPECT_EQ(second.receive(1).size(), 1u);
  EXPECT_TRUE(events_.wait_for("listen.resumed"));
}

TEST_P(GroupTest, SignalsArriveOnTheFirstLoop) {
  std::promise<int> seen;
  group_->on_signals({SIGUSR1}, [&](int signal) {
    EXPECT_TRUE(group_->loop(0).on_loop_thread());
    seen.set_value(signal);
  });
  ::kill(::getpid(), SIGUSR1);
  EXPECT_EQ(seen.get_future().get(), SIGUSR1);
}

TEST(LoopGroupTest, APortForRootAloneIsRefusedWithAdvice) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  if (child == 0) {
    (void)!::setuid(65'534);
    auto opened = open_listeners(ports::Endpoint::v4(0, 0, 0, 0, 445), 1);
    std::string text = opened ? "opened" : opened.error();
    _exit(::write(ends[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  char text[300] = {};
  ASSERT_GT(::read(ends[0], text, sizeof text - 1), 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (std::string_view(text) == "opened")
    GTEST_SKIP() << "this system lets everybody bind port 445";
  EXPECT_STREQ(text,
               "cannot listen on 0.0.0.0:445: permission denied (ports below 1024 need root or "
               "CAP_NET_BIND_SERVICE; try --port 4450)");
}

TEST(LoopGroupTest, AutoSaysWhatItChoseAndWhy) {
  LoopGroupOptions options;
  options.loops = 1;
  auto group = LoopGroup::start(options);
  ASSERT_TRUE(group) << group.error();
  EXPECT_NE((*group)->kind(), LoopKind::kAuto);
  EXPECT_NE((*group)->kind_reason(), "");
  RecordProperty("reason", (*group)->kind_reason());
}

}  // namespace
}  // namespace holdfast::platform::testing
