// SPDX-License-Identifier: Apache-2.0
#include "core/witness/witness_registry.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

using namespace wire::rpc::witness;

constexpr std::uint64_t kSecond = 1'000'000;

class WitnessRegistryTest : public ::testing::Test {
 protected:
  static RegisterRequest request(std::uint32_t version = kVersion2) {
    RegisterRequest q;
    q.version = version;
    q.net_name = "SRV";
    q.ip_address = "192.0.2.1";
    q.client_computer_name = "client1";
    q.keep_alive_timeout_s = 60;
    return q;
  }
  HandleResponse add(const RegisterRequest& q, bool extended = true) {
    std::array<std::uint8_t, 16> key{++keys_};
    return registry_.add(q, extended, server_, owner_, key, now_us_);
  }
  WitnessRegistry::Handle added(const RegisterRequest& q, bool extended = true) {
    HandleResponse response = add(q, extended);
    EXPECT_EQ(response.status, error::kSuccess);
    return response.handle;
  }
  static constexpr const char* kSid = "S-1-5-21-1";
  WitnessOwner owner_{kSid, "anna", 7};
  WitnessServer server_{{"srv", "srv.example.org"}, {"data"}, {"192.0.2.1", "2001:db8::1"}};
  WitnessRegistry registry_;
  std::uint8_t keys_ = 0;
  std::uint64_t now_us_ = 1'000 * kSecond;
};

TEST_F(WitnessRegistryTest, RefusesWhatTheSpecificationRefuses) {
  EXPECT_EQ(add(request(kVersion1)).status, error::kRevisionMismatch);
  EXPECT_EQ(add(request(kVersion2), false).status, error::kRevisionMismatch);
  for (auto member : {&RegisterRequest::net_name, &RegisterRequest::ip_address,
                      &RegisterRequest::client_computer_name}) {
    RegisterRequest q = request();
    q.*member = std::nullopt;
    EXPECT_EQ(add(q).status, error::kInvalidParameter);
  }
  RegisterRequest q = request();
  q.net_name = "other";
  EXPECT_EQ(add(q).status, error::kInvalidParameter);
  q = request();
  q.ip_address = "192.0.2.2";
  EXPECT_EQ(add(q).status, error::kInvalidState);
  q = request();
  q.share_name = "nothing";
  EXPECT_EQ(add(q).status, error::kInvalidState);
  EXPECT_EQ(add(q).handle, WitnessRegistry::Handle{});
  EXPECT_EQ(registry_.size(), 0u);
}

TEST_F(WitnessRegistryTest, AWaitingRequestIsWokenByAChange) {
  auto handle = added(request(kVersion1), false);
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
  EXPECT_EQ(registry_.notify(handle, kSid, now_us_)->status, error::kInvalidState);
  EXPECT_TRUE(registry_.resource_changed("unrelated", State::kAvailable).woken.empty());
  auto woken = registry_.resource_changed("srv", State::kUnavailable).woken;
  ASSERT_EQ(woken, WitnessRegistry::Handles{handle});
  auto answer = registry_.take(handle);
  ASSERT_TRUE(answer && answer->notification);
  EXPECT_EQ(answer->notification->changes,
            (std::vector<ResourceChange>{{State::kUnavailable, "srv"}}));
  // Told once.
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
}

TEST_F(WitnessRegistryTest, WhatNobodyWaitsForIsKept) {
  auto handle = added(request());
  EXPECT_TRUE(registry_.resource_changed("SRV", State::kUnavailable).woken.empty());
  EXPECT_TRUE(registry_.resource_changed("192.0.2.1", State::kAvailable).woken.empty());
  // The newest about a resource counts.
  EXPECT_TRUE(registry_.resource_changed("SRV", State::kAvailable).woken.empty());
  auto answer = registry_.notify(handle, kSid, now_us_);
  ASSERT_TRUE(answer && answer->notification);
  EXPECT_EQ(
      answer->notification->changes,
      (std::vector<ResourceChange>{{State::kAvailable, "192.0.2.1"}, {State::kAvailable, "SRV"}}));
}

TEST_F(WitnessRegistryTest, MovesAreForTheClientTheyName) {
  RegisterRequest with_share = request();
  with_share.share_name = "DATA";
  with_share.flags = kRegisterIpNotification;
  auto handle = added(with_share);
  RegisterRequest other = request();
  other.client_computer_name = "client2";
  auto second = added(other);
  WitnessRegistry::Addresses there{{address_flag::kIpv4, {192, 0, 2, 9}, {}}};
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
  EXPECT_FALSE(registry_.notify(second, kSid, now_us_));
  EXPECT_EQ(registry_.client_moves("CLIENT2", there).woken, WitnessRegistry::Handles{second});
  EXPECT_EQ(registry_.take(second)->notification->type, NotificationType::kClientMove);
  EXPECT_EQ(registry_.share_moves("client1", "data", there).woken,
            WitnessRegistry::Handles{handle});
  // Others join it before it is taken; one is told after the other, resources first.
  registry_.resource_changed("srv", State::kAvailable);
  registry_.client_moves("client1", there);
  registry_.addresses_changed(there);
  std::vector<NotificationType> types;
  types.push_back(registry_.take(handle)->notification->type);
  for (int i = 0; i < 3; ++i)
    types.push_back(registry_.notify(handle, kSid, now_us_)->notification->type);
  EXPECT_EQ(types, (std::vector{NotificationType::kResourceChange, NotificationType::kClientMove,
                                NotificationType::kShareMove, NotificationType::kIpChange}));
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
  EXPECT_TRUE(registry_.share_moves("client2", "data", there).woken.empty());
  // No client named: all of them.
  EXPECT_EQ(registry_.client_moves(std::nullopt, there).concerned, 2u);
  EXPECT_EQ(registry_.untold(), 2u);
  EXPECT_EQ(registry_.share_moves(std::nullopt, "data", there).concerned, 1u);
}

TEST_F(WitnessRegistryTest, UnknownHandlesAreSaid) {
  WitnessRegistry::Handle none{};
  EXPECT_EQ(registry_.notify(none, kSid, now_us_)->status, error::kNotFound);
  EXPECT_EQ(registry_.take(none)->status, error::kNotFound);
  EXPECT_EQ(registry_.remove(none, kSid), error::kInvalidParameter);
  auto handle = added(request());
  EXPECT_EQ(registry_.remove(handle, kSid), error::kSuccess);
  EXPECT_EQ(registry_.notify(handle, kSid, now_us_)->status, error::kNotFound);
  EXPECT_EQ(registry_.add(request(), true, server_, owner_, {}, now_us_).status,
            error::kNoSystemResources);
}

TEST_F(WitnessRegistryTest, AHandleIsItsOwnersAlone) {
  auto handle = added(request());
  EXPECT_EQ(registry_.notify(handle, "S-1-5-21-2", now_us_)->status, error::kNotFound);
  EXPECT_EQ(registry_.remove(handle, "S-1-5-21-2"), error::kInvalidParameter);
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
}

TEST_F(WitnessRegistryTest, HandlesRunDownWithTheirGroup) {
  added(request());
  owner_.group = 8;
  auto other = added(request());
  registry_.remove_group(7);
  EXPECT_EQ(registry_.size(), 1u);
  EXPECT_FALSE(registry_.notify(other, kSid, now_us_));
  registry_.stop_waiting(other, now_us_);
  EXPECT_FALSE(registry_.notify(other, kSid, now_us_));
}

TEST_F(WitnessRegistryTest, TheServerIsMeantByEachNameWithADomain) {
  RegisterRequest q = request();
  q.net_name = "SRV.somewhere.example";
  auto handle = added(q);
  EXPECT_EQ(registry_.server_changed(State::kUnavailable).concerned, 1u);
  auto list = registry_.list();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_TRUE(list[0].has_news && !list[0].waits);
  EXPECT_EQ(list[0].user, "anna");
  auto answer = registry_.notify(handle, kSid, now_us_);
  ASSERT_TRUE(answer && answer->notification);
  EXPECT_EQ(answer->notification->changes[0].resource_name, "SRV.somewhere.example");
  EXPECT_EQ(registry_.untold(), 0u);
}

TEST_F(WitnessRegistryTest, WaitingEndsWithItsTimeAndUnusedOnesAreForgotten) {
  auto handle = added(request());
  auto version1 = added(request(kVersion1), false);
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
  EXPECT_FALSE(registry_.notify(version1, kSid, now_us_));
  EXPECT_TRUE(registry_.expire(now_us_ + 59 * kSecond).empty());
  EXPECT_EQ(registry_.expire(now_us_ + 60 * kSecond), WitnessRegistry::Handles{handle});
  EXPECT_EQ(registry_.size(), 2u);
  EXPECT_TRUE(
      registry_.expire(now_us_ + 60 * kSecond + WitnessRegistry::kUnusedTimeout_us).empty());
  // The one of version 1 waits for ever.
  EXPECT_EQ(registry_.size(), 1u);
  EXPECT_FALSE(registry_.take(version1));
}

/// MS-SWN 3.1.5.2; smbtorture's AsyncNotify_timeouts asks for it too.
TEST_F(WitnessRegistryTest, WithoutAnyTimeToWaitARequestEndsAtOnce) {
  RegisterRequest q = request();
  q.keep_alive_timeout_s = 0;
  auto handle = added(q);
  EXPECT_FALSE(registry_.notify(handle, kSid, now_us_));
  EXPECT_EQ(registry_.expire(now_us_ + kSecond), WitnessRegistry::Handles{handle});
  EXPECT_EQ(registry_.size(), 1u);
  // What is to be told is told all the same, with the next request.
  EXPECT_EQ(registry_.server_changed(State::kUnavailable).concerned, 1u);
  auto answer = registry_.notify(handle, kSid, now_us_ + kSecond);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, error::kSuccess);
}

TEST_F(WitnessRegistryTest, OneAccountCannotTakeAll) {
  std::array<std::uint8_t, 16> key{};
  for (std::size_t i = 0; i < WitnessRegistry::kMaxPerOwner; ++i) {
    key[14] = static_cast<std::uint8_t>(i), key[13] = static_cast<std::uint8_t>(i >> 8), key[0] = 1;
    ASSERT_EQ(registry_.add(request(), true, server_, owner_, key, now_us_).status,
              error::kSuccess);
  }
  EXPECT_EQ(add(request()).status, error::kNoSystemResources);
  owner_.sid = "S-1-5-21-2";
  EXPECT_EQ(add(request()).status, error::kSuccess);
  registry_.remove_group(owner_.group);
  EXPECT_EQ(registry_.size(), 0u);
  EXPECT_EQ(add(request()).status, error::kSuccess);
}

TEST_F(WitnessRegistryTest, NothingGrowsWithoutBounds) {
  RegisterRequest q = request();
  server_.names.push_back("n");
  auto handle = added(q);
  for (int i = 0; i < 100; ++i)
    registry_.resource_changed(i % 2 == 0 ? "srv" : "192.0.2.1", State::kAvailable);
  EXPECT_EQ(registry_.notify(handle, kSid, now_us_)->notification->changes.size(), 2u);
  std::array<std::uint8_t, 16> key{};
  for (std::size_t i = 0; registry_.size() < WitnessRegistry::kMaxRegistrations; ++i) {
    key[15] = 1, key[14] = static_cast<std::uint8_t>(i),
    key[13] = static_cast<std::uint8_t>(i >> 8);
    registry_.add(q, true, server_, {"S-1-" + std::to_string(i / 1'000), "", 0}, key, now_us_);
  }
  key[12] = 1;
  // What one account has gives no room to others when it goes.
  EXPECT_EQ(registry_.remove(handle, kSid), error::kSuccess);
  EXPECT_EQ(registry_.add(q, true, server_, {"S-1-new", "", 0}, key, now_us_).status,
            error::kSuccess);
  key[12] = 2;
  EXPECT_EQ(registry_.add(q, true, server_, {"S-1-new", "", 0}, key, now_us_).status,
            error::kNoSystemResources);
}

}  // namespace
}  // namespace holdfast::core
