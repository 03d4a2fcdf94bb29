// SPDX-License-Identifier: Apache-2.0
#include "service/server/notifications.h"

#include <gtest/gtest.h>

#include "sim/client/operations.h"
#include "sim/workloads/scene.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

/// One session with several channels, and the notifications that each of them got.
struct Channels {
  explicit Channels(std::size_t count, core::Policy policy = {}) : scene(3, std::move(policy)) {
    for (std::size_t i = 0; i < count; ++i) {
      ClientOptions options;
      options.name = "channel " + std::to_string(i);
      options.seal = true;
      options.ciphers = {smb2::Cipher::kAes128Gcm};
      clients.push_back(&scene.add_client(options));
      clients.back()->on_notification = [this, i](const smb2::Header& header, Bytes message) {
        smb2::OplockBreak body;
        EXPECT_TRUE(decode(message, body));
        EXPECT_EQ(body.file_id, (smb2::FileId{7, 8}));
        EXPECT_EQ(header.session_id, session);
        got.push_back(i);
        at_us.push_back(scene.clock().monotonic_us());
      };
    }
    scene.start(log_on());
    scene.run();
  }
  ~Channels() {
    for (Client* client : clients) client->disconnect();
    scene.run();
  }

  Task<void> log_on() {
    EXPECT_EQ(co_await clients[0]->connect(), NtStatus::kSuccess);
    EXPECT_EQ(co_await clients[0]->logon(), NtStatus::kSuccess);
    session = clients[0]->session_id();
    for (std::size_t i = 1; i < clients.size(); ++i) {
      EXPECT_EQ(co_await clients[i]->connect(), NtStatus::kSuccess);
      EXPECT_EQ(co_await clients[i]->bind(clients[0]->shared_session()), NtStatus::kSuccess);
    }
  }

  void tell(std::uint64_t to) {
    service::BreakHooks hooks;
    hooks.still_wanted = [this] { return wanted; };
    hooks.undeliverable = [this] { ++undeliverable; };
    service::send_oplock_break(scene.server(), to, {smb2::OplockLevel::kII, {7, 8}}, false, hooks);
  }
  void send(std::uint64_t to) {
    tell(to);
    scene.run();
  }

  Scene scene;
  std::vector<Client*> clients;
  std::uint64_t session = 0;
  std::vector<std::size_t> got;
  std::vector<std::uint64_t> at_us;
  bool wanted = true;
  int undeliverable = 0;
};

TEST(Notifications, GoToTheOldestChannelAndNoOtherWhenItIsConfirmed) {
  Channels c(3);
  c.send(c.session);
  EXPECT_EQ(c.got, (std::vector<std::size_t>{0}));
  EXPECT_EQ(c.undeliverable, 0);
  EXPECT_FALSE(c.scene.world().failed()) << c.scene.world().failure();
}

TEST(Notifications, GoToTheNextChannelWhenOneIsSilent) {
  Channels c(3);
  for (std::size_t i : {0, 1}) c.scene.network().half_open(*c.clients[i]->stream(), 90'000'000);
  c.send(c.session);
  EXPECT_EQ(c.got, (std::vector<std::size_t>{2}));
}

/// Twice, with some time between.
Task<void> tell_twice(Channels& c, std::uint64_t* second_us) {
  c.tell(c.session);
  co_await ports::sleep_for(c.clients[0]->loop(), 5'000'000);
  *second_us = c.scene.clock().monotonic_us();
  c.tell(c.session);
}

TEST(Notifications, DoNotWaitForASilentChannelTwice) {
  Channels c(2);
  c.scene.network().half_open(*c.clients[0]->stream(), 90'000'000);
  std::uint64_t second_us = 0;
  c.scene.start(tell_twice(c, &second_us));
  c.scene.run();
  EXPECT_EQ(c.got, (std::vector<std::size_t>{1, 1}));
  EXPECT_LT(c.at_us[1], second_us + 500'000);
}

TEST(Notifications, AreNotSentAgainWhenTheBreakIsOver) {
  Channels c(2);
  c.scene.network().half_open(*c.clients[0]->stream(), 90'000'000);
  c.wanted = false;
  c.send(c.session);
  EXPECT_TRUE(c.got.empty());
}

TEST(Notifications, OfOplocksGoOnlyToTheNewestChannelWithoutRetry) {
  core::Policy policy;
  policy.oplock_break_retry = false;
  Channels c(3, policy);
  c.send(c.session);
  c.scene.network().half_open(*c.clients[2]->stream(), 90'000'000);
  c.send(c.session);
  EXPECT_EQ(c.got, (std::vector<std::size_t>{2}));
}

TEST(Notifications, ToNobodyAreUndeliverable) {
  Channels c(1);
  c.send(c.session + 1);
  EXPECT_EQ(c.undeliverable, 1);
}

}  // namespace
}  // namespace holdfast::sim
