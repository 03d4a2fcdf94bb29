// SPDX-License-Identifier: Apache-2.0
#include "core/object/open_lifecycle.h"

#include <gtest/gtest.h>

#include "core/object/open_table.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;

constexpr std::uint64_t kSecond = 1'000'000;

std::shared_ptr<const ports::Identity> user(std::uint32_t rid) {
  auto who = std::make_shared<ports::Identity>();
  who->sid = Sid{5, {21, rid}};
  who->user = "user" + std::to_string(rid);
  return who;
}

Guid guid(std::uint8_t first) {
  Guid g;
  g.octets[0] = first;
  return g;
}

struct OpenLifecycle : ::testing::Test {
  OpenTable table;
  std::shared_ptr<Share> share = [] {
    auto s = std::make_shared<Share>();
    s->name = "data";
    return s;
  }();
  std::shared_ptr<const ports::Identity> owner = user(1);

  OpenSpec spec(std::uint64_t inode, std::uint32_t access = Access::kReadData,
                std::uint32_t share_access = Sharing::kAll) {
    OpenSpec s;
    s.session = 10;
    s.tree = 1;
    s.connection = 100;
    s.share = share;
    s.identity = owner;
    s.object = {{1, inode}, ""};
    s.path = "f" + std::to_string(inode);
    s.access = access;
    s.share_access = share_access;
    s.client_guid = guid(1);
    s.create_guid = guid(static_cast<std::uint8_t>(inode));
    return s;
  }
  OpenView persistent(OpenSpec s) {
    OpenId id = *table.open(std::move(s));
    (void)table.make_durable(id, {DurableKind::kPersistent, 60'000});
    return *table.find(id);
  }
  bool cut(OpenId id, std::uint64_t now_us = 0) {
    std::uint64_t expires;
    return table.disconnect(id, now_us, expires);
  }
  Reclaim claim(const OpenView& open, std::uint8_t create_guid) {
    Reclaim c;
    c.persistent_id = open.persistent_id;
    c.version2 = true;
    c.persistent = true;
    c.create_guid = guid(create_guid);
    c.client_guid = guid(1);
    c.session = 20;
    c.tree = 2;
    c.connection = 200;
    c.share = share;
    c.identity = owner;
    return c;
  }
};

TEST_F(OpenLifecycle, ARestoredOpenIsFoundByTheIdThatItHadBefore) {
  OpenTable::Restored had;
  had.record.persistent_id = 77;
  had.record.durable = DurableKind::kPersistent;
  had.record.create_guid = guid(1);
  had.record.client_guid = guid(1);
  had.record.access = Access::kReadData;
  had.record.share_access = Sharing::kAll;
  had.share = share;
  had.identity = owner;
  had.key = {1, 1};
  had.path = "f1";
  had.expires_us = 60 * kSecond;
  OpenId id = *table.restore(had);
  const wire::smb2::FileId before{77, 0x5'0000'0000 | 9};
  EXPECT_EQ(table.renewed(before), (wire::smb2::FileId{77, id}));
  EXPECT_EQ(table.renewed({77, id}), std::nullopt) << "it is the id of now";
  EXPECT_EQ(table.renewed({78, id}), std::nullopt);
  EXPECT_EQ(table.begin_request({77, id}, 20, {}).error(), NtStatus::kFileClosed)
      << "not reclaimed";
  OpenView open = *table.find(id);
  ASSERT_TRUE(table.reclaim(claim(open, 1)));
  EXPECT_TRUE(table.begin_request(*table.renewed(before), 20, {}));
  EXPECT_EQ(table.begin_request(*table.renewed(before), 10, {}).error(), NtStatus::kFileClosed)
      << "another session";
  table.close(id);
  EXPECT_EQ(table.renewed(before), std::nullopt);
}

TEST_F(OpenLifecycle, OnlyWhatWasPromisedOutlivesTheConnection) {
  OpenId plain = *table.open(spec(1));
  EXPECT_FALSE(cut(plain));
  OpenId resilient = *table.open(spec(2));
  table.make_resilient(resilient, 5'000);
  std::uint64_t expires = 0;
  ASSERT_TRUE(table.disconnect(resilient, 7 * kSecond, expires));
  EXPECT_EQ(expires, 12 * kSecond);
  EXPECT_FALSE(table.expire(resilient, 11 * kSecond));
  EXPECT_TRUE(table.expire(resilient, 12 * kSecond));
  EXPECT_FALSE(table.expire(resilient, 13 * kSecond)) << "one closes it";
  EXPECT_TRUE(table.of_session(10) == std::vector<OpenId>{plain});
}

TEST_F(OpenLifecycle, AReclaimedOpenHasItsLocks) {
  OpenView open = persistent(spec(1, Access::kReadData | Access::kWriteData));
  OpenId other = *table.open(spec(1, Access::kReadData | Access::kWriteData));
  std::vector<Wake> wakes;
  ASSERT_EQ(table.lock(open.id, {{0, 10, true}}, 0, wakes), NtStatus::kSuccess);
  ASSERT_TRUE(cut(open.id));
  EXPECT_EQ(table.check_locks(other, 0, 1, false), NtStatus::kFileLockConflict);
  Result<OpenView> back = table.reclaim(claim(open, 1));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->persistent_id, open.persistent_id);
  EXPECT_EQ(back->session, 20u);
  EXPECT_EQ(back->tree, 2u);
  EXPECT_EQ(table.check_locks(other, 0, 1, false), NtStatus::kFileLockConflict);
  EXPECT_EQ(table.check_locks(back->id, 0, 1, true), NtStatus::kSuccess);
  EXPECT_FALSE(table.expire(back->id, ~0ull));
  // Twice is once too often.
  EXPECT_EQ(table.reclaim(claim(open, 1)).error(), NtStatus::kObjectNameNotFound);
}

TEST_F(OpenLifecycle, WhoMayReclaim) {
  OpenView open = persistent(spec(1));
  EXPECT_EQ(table.reclaim(claim(open, 1)).error(), NtStatus::kObjectNameNotFound) << "connected";
  ASSERT_TRUE(cut(open.id));
  Reclaim c = claim(open, 2);
  EXPECT_EQ(table.reclaim(c).error(), NtStatus::kObjectNameNotFound) << "another CREATE";
  c = claim(open, 1);
  c.persistent = false;
  EXPECT_EQ(table.reclaim(c).error(), NtStatus::kObjectNameNotFound) << "not as persistent";
  c = claim(open, 1);
  c.version2 = false;
  EXPECT_EQ(table.reclaim(c).error(), NtStatus::kObjectNameNotFound) << "version 1";
  c = claim(open, 1);
  c.identity = user(2);
  EXPECT_EQ(table.reclaim(c).error(), NtStatus::kAccessDenied) << "somebody else";
  c = claim(open, 1);
  c.share = std::make_shared<Share>();
  EXPECT_EQ(table.reclaim(c).error(), NtStatus::kObjectNameNotFound) << "another share";
  EXPECT_TRUE(table.reclaim(claim(open, 1)));
}

TEST_F(OpenLifecycle, AnOpenOfVersionOneIsReclaimedWithoutCreateGuid) {
  OpenSpec s = spec(1);
  s.create_guid = {};
  s.caching.level = wire::smb2::OplockLevel::kBatch;
  s.may_cache = wire::smb2::LeaseState::kAll;
  OpenView open = *table.find(table.enter(std::move(s), 0).id);
  ASSERT_EQ(table.make_durable(open.id, {DurableKind::kVersion1, 60'000}).kind,
            DurableKind::kVersion1);
  ASSERT_TRUE(cut(open.id));
  EXPECT_EQ(table.reclaim(claim(open, 1)).error(), NtStatus::kObjectNameNotFound);
  EXPECT_TRUE(table.reclaim(claim(open, 0)));
}

TEST_F(OpenLifecycle, LocksAreKeptOnlyBesideWriteCaching) {
  for (bool writes : {true, false}) {
    OpenSpec s = spec(writes ? 1 : 2, Access::kReadData | Access::kWriteData);
    s.caching.level = wire::smb2::OplockLevel::kLease;
    s.caching.lease.id = {guid(1), guid(writes ? 1 : 2)};
    s.caching.lease.state = wire::smb2::LeaseState::kAll;
    if (!writes) s.caching.lease.state &= ~wire::smb2::LeaseState::kWriteCaching;
    s.may_cache = wire::smb2::LeaseState::kAll;
    OpenId id = table.enter(std::move(s), 0).id;
    ASSERT_NE(table.make_durable(id, {DurableKind::kVersion2, 60'000}).kind, DurableKind::kNone);
    std::vector<Wake> wakes;
    ASSERT_EQ(table.lock(id, {{0, 10, true}}, 0, wakes), NtStatus::kSuccess);
    EXPECT_EQ(cut(id), writes);
  }
}

TEST_F(OpenLifecycle, ADisconnectedOpenIsNobodysUntilItIsReclaimed) {
  OpenView open = persistent(spec(1));
  wire::smb2::FileId id = open.file_id();
  EXPECT_TRUE(table.begin_request(id, 10, {}));
  ASSERT_TRUE(cut(open.id));
  EXPECT_EQ(table.begin_request(id, 10, {}).error(), NtStatus::kFileClosed);
  EXPECT_EQ(table.begin_request(id, 0, {}).error(), NtStatus::kFileClosed);
  ASSERT_TRUE(table.reclaim(claim(open, 1)));
  EXPECT_TRUE(table.begin_request(id, 20, {}));
}

TEST_F(OpenLifecycle, APersistentOpenKeepsOthersOff) {
  OpenView open = persistent(spec(1));
  EXPECT_TRUE(table.open(spec(1)));
  ASSERT_TRUE(cut(open.id));
  EXPECT_EQ(table.open(spec(1)).error(), NtStatus::kFileNotAvailable);
  EXPECT_FALSE(table.gives_way(open.id));
  (void)table.close(open.id);
  EXPECT_TRUE(table.open(spec(1)));
  EXPECT_TRUE(table.disconnected().empty());
}

TEST_F(OpenLifecycle, AStaleWriteIsRefusedAndAStaleReadIsNot) {
  OpenId id = *table.open(spec(1));
  wire::smb2::FileId file = table.find(id)->file_id();
  RequestMark mark{.channel_sequence = 2, .modifies = true, .verifies = true};
  ASSERT_TRUE(table.begin_request(file, 10, mark));
  mark.channel_sequence = 1;
  EXPECT_EQ(table.begin_request(file, 10, mark).error(), NtStatus::kFileNotAvailable);
  mark.modifies = false;
  auto read = table.begin_request(file, 10, mark);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->turn);
  // Before dialect 3.0 the field means nothing.
  mark.modifies = true;
  mark.verifies = false;
  EXPECT_TRUE(table.begin_request(file, 10, mark));
}

TEST_F(OpenLifecycle, AnApplicationMovesToAnotherClient) {
  OpenSpec s = spec(1);
  s.app_instance = AppInstance{guid(9), AppInstance::Version{1, 5}};
  OpenId id = *table.open(std::move(s));
  AppInstance app{guid(9), std::nullopt};
  EXPECT_EQ(*table.of_app_instance(app, guid(1), *share, "f1"), 0u) << "the same client";
  EXPECT_EQ(*table.of_app_instance(app, guid(2), *share, "f2"), 0u) << "another file";
  EXPECT_EQ(*table.of_app_instance(app, guid(2), *share, "F1"), id);
  app.version = AppInstance::Version{1, 6};
  EXPECT_EQ(*table.of_app_instance(app, guid(2), *share, "f1"), id);
  app.version = AppInstance::Version{1, 5};
  EXPECT_EQ(table.of_app_instance(app, guid(2), *share, "f1").error(), NtStatus::kFileForcedClosed);
}

TEST_F(OpenLifecycle, TheRecordHoldsWhatMustSurvive) {
  OpenSpec s = spec(3, Access::kReadData | Access::kWriteData, Sharing::kRead);
  s.delete_on_close = true;
  OpenView open = persistent(std::move(s));
  std::vector<Wake> wakes;
  (void)table.lock(open.id, {{5, 6, true}}, 0, wakes);
  table.lock_done(open.id, 4, 2, false);
  std::optional<OpenRecord> r = table.record(open.id);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->persistent_id, open.persistent_id);
  EXPECT_EQ(r->create_guid, guid(3));
  EXPECT_EQ(r->client_guid, guid(1));
  EXPECT_EQ(r->owner, owner->sid);
  EXPECT_EQ(r->path, "f3");
  EXPECT_EQ(r->share_access, Sharing::kRead);
  EXPECT_TRUE(r->delete_on_close);
  EXPECT_EQ(r->durable, DurableKind::kPersistent);
  EXPECT_EQ(r->durable_timeout_ms, 60'000u);
  ASSERT_EQ(r->locks.size(), 1u);
  EXPECT_EQ(r->locks[0], (ByteRangeLocks::Range{5, 6, true}));
  EXPECT_TRUE(r->lock_sequence.is_replay(4, 2));
}

}  // namespace
}  // namespace holdfast::core
