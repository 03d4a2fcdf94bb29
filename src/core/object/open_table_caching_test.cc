// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/object/open_table.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;
using wire::smb2::OplockLevel;
using namespace wire::smb2::LeaseState;

OpenSpec spec(std::uint64_t inode, std::uint8_t lease, std::uint32_t share = Sharing::kAll) {
  OpenSpec s;
  s.session = 7;
  s.share = std::make_shared<Share>();
  s.object.key = {1, inode};
  s.access = Access::kReadData | Access::kWriteData | Access::kDelete;
  s.share_access = share;
  s.may_cache = kAll;
  if (lease == 0) return s;
  s.caching.level = OplockLevel::kLease;
  s.caching.lease.id.key.octets[0] = lease;
  s.caching.lease.state = kAll;
  return s;
}

TEST(OpenTableCaching, AKeptHandleIsAskedForAndWaitedFor) {
  OpenTable table;
  EnterOutcome first = table.enter(spec(1, 1, 0), 1);
  ASSERT_EQ(first.status, NtStatus::kSuccess);
  EXPECT_EQ(first.caching.lease.state, kAll);
  EnterOutcome second = table.enter(spec(1, 2), 2);
  EXPECT_EQ(second.status, NtStatus::kPending);
  ASSERT_EQ(second.breaks.size(), 1u);
  EXPECT_EQ(second.breaks[0].what.new_state, kReadCaching | kWriteCaching);
  EXPECT_EQ(second.breaks[0].sessions, std::vector<SessionId>{7});
  BreakOutcome answer = table.acknowledge(first.caching.lease.id, kReadCaching | kWriteCaching);
  ASSERT_EQ(answer.wakes.size(), 1u);
  EXPECT_EQ(answer.wakes[0].token, 2u);
  EXPECT_EQ(table.enter(spec(1, 2), 3).status, NtStatus::kSharingViolation);
  CloseOutcome closed = table.close(first.id);
  EXPECT_TRUE(closed.wakes.empty());
  EXPECT_EQ(table.enter(spec(1, 2), 4).status, NtStatus::kSuccess);
}

TEST(OpenTableCaching, ALocalProgramTakesAsMuchAsItDisturbs) {
  OpenTable table;
  EnterOutcome open = table.enter(spec(1, 1), 1);
  EXPECT_EQ(table.cached(open.object), kAll);
  std::vector<BreakNotice> breaks = table.break_for_local(open.object, kWriteCaching);
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].what.new_state, kReadCaching | kHandleCaching);
  // It has what it had until it says so, and is not asked twice.
  EXPECT_EQ(table.cached(open.object), kAll);
  EXPECT_TRUE(table.break_for_local(open.object, kWriteCaching).empty());
  (void)table.acknowledge(open.caching.lease.id, kReadCaching | kHandleCaching);
  EXPECT_EQ(table.cached(open.object), kReadCaching | kHandleCaching);
  breaks = table.break_for_local(open.object, kAll);
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].what.new_state, 0u);
  (void)table.acknowledge(open.caching.lease.id, 0);
  EXPECT_EQ(table.cached(open.object), 0u);
  (void)table.close(open.id);
  EXPECT_EQ(table.cached(open.object), 0u);
  EXPECT_TRUE(table.break_for_local(open.object, kAll).empty());
}

TEST(OpenTableCaching, ALeaseIsOfOneFileAsLongAsItIsHeld) {
  OpenTable table;
  EnterOutcome first = table.enter(spec(1, 1), 1);
  EXPECT_EQ(table.enter(spec(2, 1), 2).status, NtStatus::kInvalidParameter);
  EXPECT_EQ(table.enter(spec(1, 1), 3).status, NtStatus::kSuccess);
  EXPECT_EQ(table.size(), 2u);
  table.close(first.id);
  EXPECT_TRUE(table.leased(first.caching.lease.id).has_value());
}

TEST(OpenTableCaching, WhoWaitsForAFileThatGoesIsWokenWhenItIsGone) {
  OpenTable table;
  OpenSpec going = spec(1, 1);
  going.delete_on_close = true;
  EnterOutcome first = table.enter(going, 1);
  EXPECT_EQ(table.enter(spec(1, 2), 2).status, NtStatus::kPending);
  CloseOutcome closed = table.close(first.id);
  EXPECT_TRUE(closed.remove);
  EXPECT_TRUE(closed.wakes.empty());
  std::vector<Wake> wakes;
  table.removal_finished(closed, wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 2u);
}

TEST(OpenTableCaching, DirectoriesAreLeasedByNameAndBrokenByOthers) {
  OpenTable table;
  OpenSpec directory = spec(5, 9);
  directory.path = "dir";
  directory.is_directory = true;
  directory.may_cache = kReadCaching | kHandleCaching;
  EnterOutcome opened = table.enter(directory, 1);
  EXPECT_EQ(opened.caching.lease.state, kReadCaching | kHandleCaching);
  EXPECT_TRUE(
      table.break_directory(*directory.share, "dir", directory.caching.lease.id.key).empty());
  EXPECT_TRUE(table.break_directory(*directory.share, "elsewhere", {}).empty());
  auto breaks = table.break_directory(*directory.share, "dir", {});
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].what.new_state, 0u);
  EXPECT_TRUE(breaks[0].what.must_acknowledge);
  table.close(opened.id);
  EXPECT_FALSE(table.any_directory_leased());
}

}  // namespace
}  // namespace holdfast::core
