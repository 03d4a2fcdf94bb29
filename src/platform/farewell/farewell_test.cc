// SPDX-License-Identifier: Apache-2.0
#include "platform/farewell/farewell.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <future>

namespace holdfast::platform {
namespace {

using namespace std::chrono_literals;

/// Two ends of a TCP connection on the loopback.
struct Pair {
  UniqueFd client, server;
};

Pair connected() {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  EXPECT_EQ(::bind(listener.get(), address, size), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), address, &size), 0);
  Pair pair;
  pair.client.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(pair.client.get(), address, size), 0);
  pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return pair;
}

/// Waits for the end of the connection: 0 in order, else an errno.
int end_seen_by(int fd) {
  timeval limit{20, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  char octet;
  ssize_t n = ::recv(fd, &octet, 1, 0);
  return n < 0 ? errno : static_cast<int>(n);
}

struct Told {
  std::promise<FarewellReport> promise;
  Farewell::Done done() {
    return [this](const FarewellReport& report) { promise.set_value(report); };
  }
  FarewellReport wait() {
    auto future = promise.get_future();
    if (future.wait_for(20s) == std::future_status::ready) return future.get();
    ADD_FAILURE() << "no report";
    return {};
  }
};

TEST(Farewell, AClientThatSendsSeesAnEndInOrderAfterTheLastOctet) {
  Pair pair = connected();
  // More than the buffers hold: the client is amid its sending when the farewell begins.
  constexpr std::size_t kSize = 32 << 20;
  auto sending = std::async(std::launch::async, [&] {
    std::vector<char> data(kSize);
    std::size_t sent = 0;
    while (sent < kSize) {
      ssize_t n = ::send(pair.client.get(), data.data() + sent, kSize - sent, MSG_NOSIGNAL);
      if (n <= 0) return std::pair(sent, errno);
      sent += static_cast<std::size_t>(n);
    }
    return std::pair(sent, 0);
  });
  Told told;
  Farewell farewell(told.done(), {.quiet = 200ms});
  farewell.add(std::move(pair.server));
  EXPECT_EQ(sending.get(), std::pair(kSize, 0));
  EXPECT_EQ(end_seen_by(pair.client.get()), 0);
  pair.client.reset();
  FarewellReport report = told.wait();
  EXPECT_EQ(report.connections, 1u);
  EXPECT_EQ(report.octets, kSize);
}

TEST(Farewell, WhatComesAfterTheEndIsReadToo) {
  Pair pair = connected();
  Told told;
  Farewell farewell(told.done(), {.quiet = 1ms});
  farewell.add(std::move(pair.server));
  EXPECT_EQ(end_seen_by(pair.client.get()), 0);
  EXPECT_EQ(::send(pair.client.get(), "late", 4, MSG_NOSIGNAL), 4);
  pair.client.reset();
  EXPECT_EQ(told.wait().octets, 4u);
}

TEST(Farewell, AClientThatNeverStopsIsEndedAllTheSame) {
  Pair pair = connected();
  std::atomic<bool> ended = false;
  auto sending = std::async(std::launch::async, [&] {
    while (::send(pair.client.get(), "x", 1, MSG_NOSIGNAL) == 1) {
    }
    ended = true;
  });
  Told told;
  Farewell farewell(told.done(), {.quiet = 20s, .longest = 50ms, .linger = 50ms});
  farewell.add(std::move(pair.server));
  EXPECT_EQ(told.wait().connections, 1u);
  sending.get();
  EXPECT_TRUE(ended);
}

TEST(Farewell, OneThatIsDestroyedEndsWhatIsLeft) {
  Pair pair = connected();
  {
    Farewell farewell({}, {.quiet = 20s});
    farewell.add(std::move(pair.server));
  }
  EXPECT_EQ(end_seen_by(pair.client.get()), 0);
}

TEST(Farewell, ALaterConnectionHasAFarewellOfItsOwn) {
  std::vector<std::promise<FarewellReport>> reports(2);
  std::atomic<std::size_t> count = 0;
  Farewell farewell([&](const FarewellReport& report) { reports[count++].set_value(report); },
                    {.quiet = 1ms});
  for (std::promise<FarewellReport>& report : reports) {
    Pair pair = connected();
    farewell.add(std::move(pair.server));
    EXPECT_EQ(end_seen_by(pair.client.get()), 0);
    pair.client.reset();
    EXPECT_EQ(report.get_future().get().connections, 1u);
  }
}

}  // namespace
}  // namespace holdfast::platform
