// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/object/open_table.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;
using wire::smb2::OplockLevel;
using namespace wire::smb2::LeaseState;

std::shared_ptr<const Share> share() {
  static const auto kShare = std::make_shared<const Share>();
  return kShare;
}

OpenSpec spec(std::uint64_t inode, std::uint8_t lease, SessionId session) {
  OpenSpec s;
  s.session = session;
  s.tree = 3;
  s.connection = 9;
  s.share = share();
  s.identity = std::make_shared<ports::Identity>();
  s.object.key = {1, inode};
  s.path = "f" + std::to_string(inode);
  s.access = Access::kReadData | Access::kWriteData | Access::kDelete;
  s.share_access = Sharing::kAll;
  s.may_cache = kAll;
  s.caching.level = lease == 0 ? OplockLevel::kNone : OplockLevel::kLease;
  s.caching.lease.id.key.octets[0] = lease;
  s.caching.lease.state = kAll;
  return s;
}

/// All opens of one table, entered into another as the next binary does it.
void move_all(OpenTable& from, OpenTable& to, std::vector<OpenTable::TakenOver>* taken = nullptr) {
  to.restore_next_persistent_id(from.next_persistent_id());
  for (OpenTable::HeldOpen& held : from.hand_over()) {
    held.identity = std::make_shared<ports::Identity>();
    OpenTable::TakenOver out = to.take_over(held);
    EXPECT_EQ(out.status, NtStatus::kSuccess);
    if (taken != nullptr) taken->push_back(out);
  }
}

TEST(OpenHandOver, OpensKeepTheirIdsAndWhatTheyMay) {
  OpenTable old(100);
  std::vector<EnterOutcome> opens;
  for (std::uint64_t inode = 1; inode <= 200; ++inode)
    opens.push_back(old.enter(spec(inode, 0, 7), 0));
  // Holes, so that slots are not simply counted.
  for (std::size_t i = 0; i < opens.size(); i += 3) (void)old.close(opens[i].id);
  OpenTable next(1);
  move_all(old, next);
  EXPECT_EQ(next.size(), old.size());
  for (std::size_t i = 0; i < opens.size(); ++i) {
    std::optional<OpenView> was = old.find(opens[i].id), is = next.find(opens[i].id);
    ASSERT_EQ(was.has_value(), is.has_value()) << i;
    if (!was) continue;
    EXPECT_TRUE(next.find(was->file_id(), 7));
    EXPECT_EQ(is->access, was->access);
    EXPECT_EQ(is->tree, 3u);
  }
  // Nobody gets an id of theirs.
  EnterOutcome later = next.enter(spec(1'000, 0, 7), 0);
  EXPECT_FALSE(old.find(later.id));
  EXPECT_GE(next.find(later.id)->persistent_id, old.next_persistent_id());
}

TEST(OpenHandOver, LocksAndShareModesHoldOn) {
  OpenTable old;
  OpenId a = old.enter(spec(1, 0, 7), 0).id;
  OpenId b = old.enter(spec(1, 0, 8), 0).id;
  std::vector<Wake> wakes;
  ASSERT_EQ(old.lock(a, {{0, 10, true}}, 0, wakes), NtStatus::kSuccess);
  OpenTable next;
  move_all(old, next);
  EXPECT_EQ(next.lock(b, {{5, 1, true}}, 0, wakes), NtStatus::kLockNotGranted);
  EXPECT_EQ(next.unlock(a, {{0, 10, false}}, wakes), NtStatus::kSuccess);
  EXPECT_EQ(next.lock(b, {{5, 1, true}}, 0, wakes), NtStatus::kSuccess);
  OpenSpec alone = spec(1, 0, 9);
  alone.share_access = 0;
  EXPECT_EQ(next.enter(alone, 0).status, NtStatus::kSharingViolation);
}

TEST(OpenHandOver, ABreakUnderWayGoesOnAndIsNotSentAgain) {
  OpenTable old;
  EnterOutcome holder = old.enter(spec(1, 1, 7), 0);
  ASSERT_EQ(holder.caching.lease.state, kAll);
  OpenSpec other = spec(1, 2, 8);
  other.overwrites = false;
  ASSERT_EQ(old.enter(other, 5).status, NtStatus::kPending);  // until W is given back
  OpenTable older;
  EnterOutcome kept = older.enter(spec(2, 1, 7), 0);
  BreakOutcome asked = older.break_caching(ObjectId{{1, 2}, ""}, BreakReason::kNameChanges, 6);
  ASSERT_EQ(asked.status, NtStatus::kPending);
  ASSERT_EQ(asked.breaks.size(), 1u);

  OpenTable next;
  std::vector<OpenTable::TakenOver> taken;
  move_all(older, next, &taken);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_NE(taken[0].break_serial, 0u);
  EXPECT_TRUE(next.is_breaking(taken[0].object, taken[0].break_serial));
  EXPECT_EQ(next.held_by(kept.id).lease.state, kAll);
  // Who waited asks again: it waits, and the client is not told twice.
  BreakOutcome again = next.break_caching(ObjectId{{1, 2}, ""}, BreakReason::kNameChanges, 8);
  EXPECT_EQ(again.status, NtStatus::kPending);
  EXPECT_TRUE(again.breaks.empty());
  BreakOutcome answer = next.acknowledge(kept.caching.lease.id, asked.breaks[0].what.new_state);
  ASSERT_EQ(answer.status, NtStatus::kSuccess);
  ASSERT_EQ(answer.wakes.size(), 1u);
  EXPECT_EQ(answer.wakes[0].token, 8u);
}

TEST(OpenHandOver, ADisconnectedOpenCanBeReclaimed) {
  OpenTable old;
  OpenSpec durable = spec(1, 1, 7);
  durable.create_guid.octets[0] = 5;
  OpenId id = old.enter(durable, 0).id;
  ASSERT_EQ(old.make_durable(id, {DurableKind::kVersion2, 60'000}).kind, DurableKind::kVersion2);
  std::uint64_t expires_us = 0;
  ASSERT_TRUE(old.disconnect(id, 1'000, expires_us));
  OpenTable next;
  move_all(old, next);
  EXPECT_TRUE(next.is_disconnected(id));
  EXPECT_FALSE(next.expire(id, expires_us - 1));
  EXPECT_EQ(next.disconnected(), std::vector<OpenId>{id});
  EXPECT_TRUE(next.expire(id, expires_us));
}

TEST(OpenHandOver, ADeleteThatIsPendingHappensWithTheLastClose) {
  OpenTable old;
  OpenId id = old.enter(spec(1, 0, 7), 0).id;
  ASSERT_TRUE(old.set_delete_pending(id, true));
  OpenTable next;
  move_all(old, next);
  EXPECT_EQ(next.enter(spec(1, 0, 8), 0).status, NtStatus::kDeletePending);
  EXPECT_TRUE(next.close(id).remove);
}

TEST(OpenHandOver, AnIdThatIsTakenOrOfAnotherStripeIsRefused) {
  OpenTable old;
  OpenId id = old.enter(spec(1, 0, 7), 0).id;
  std::vector<OpenTable::HeldOpen> held = old.hand_over();
  OpenTable next;
  EXPECT_EQ(next.take_over(held[0]).status, NtStatus::kSuccess);
  OpenTable other;
  OpenTable::HeldOpen moved = held[0];
  moved.id = id ^ (1ull << 26);
  EXPECT_EQ(other.take_over(moved).status, NtStatus::kInvalidParameter);
  EXPECT_EQ(other.size(), 0u);
}

}  // namespace
}  // namespace holdfast::core
