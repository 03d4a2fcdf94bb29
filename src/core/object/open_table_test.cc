// SPDX-License-Identifier: Apache-2.0
#include "core/object/open_table.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;

OpenSpec spec(std::uint64_t inode, std::uint32_t access, std::uint32_t share_access,
              SessionId session = 1) {
  static const auto kShare = std::make_shared<const Share>();
  OpenSpec s;
  s.session = session;
  s.tree = 1;
  s.share = kShare;
  s.object = {{1, inode}, ""};
  s.access = access;
  s.share_access = share_access;
  s.path = "f" + std::to_string(inode);
  return s;
}

TEST(OpenTable, ShareModesGoBothWays) {
  OpenTable table;
  auto reader = table.open(spec(1, Access::kReadData, Sharing::kRead));
  ASSERT_TRUE(reader);
  EXPECT_TRUE(table.open(spec(1, Access::kReadData, Sharing::kRead)));
  EXPECT_EQ(table.open(spec(1, Access::kWriteData, Sharing::kAll)).error(),
            NtStatus::kSharingViolation);
  EXPECT_EQ(table.open(spec(1, Access::kReadData, 0)).error(), NtStatus::kSharingViolation);
  EXPECT_EQ(table.open(spec(1, Access::kDelete, Sharing::kAll)).error(),
            NtStatus::kSharingViolation);
  // Looking at attributes is no sharing matter.
  EXPECT_TRUE(table.open(spec(1, Access::kReadAttributes, 0)));
  EXPECT_TRUE(table.open(spec(2, Access::kWriteData, 0)));
}

TEST(OpenTable, DeleteOnCloseWaitsForTheLastOpen) {
  OpenTable table;
  OpenSpec first = spec(1, Access::kDelete, Sharing::kAll);
  first.delete_on_close = true;
  OpenId a = *table.open(first);
  OpenId b = *table.open(spec(1, Access::kReadData, Sharing::kAll));
  EXPECT_FALSE(table.close(a).remove);
  EXPECT_EQ(table.open(spec(1, Access::kReadData, Sharing::kAll)).error(),
            NtStatus::kDeletePending);
  EXPECT_TRUE(table.is_delete_pending(b));
  CloseOutcome last = table.close(b);
  EXPECT_TRUE(last.remove);
  // Until the name is gone nobody gets in.
  EXPECT_EQ(table.open(spec(1, Access::kReadData, Sharing::kAll)).error(),
            NtStatus::kDeletePending);
  std::vector<Wake> wakes;
  table.removal_finished(last, wakes);
  EXPECT_TRUE(table.open(spec(1, Access::kReadData, Sharing::kAll)));
}

OpenSpec named(OpenSpec s, std::string path) {
  s.path = std::move(path);
  return s;
}

// A file with two names: only the one that was deleted goes, with the last open by that name.
TEST(OpenTable, OneOfTwoNamesGoes) {
  OpenTable table;
  OpenSpec other = named(spec(1, Access::kReadData, Sharing::kAll), "other");
  OpenId by_other = *table.open(other);
  OpenSpec going = named(spec(1, Access::kReadData | Access::kDelete, Sharing::kAll), "going");
  OpenId by_going = *table.open(going);
  OpenSpec deleter = going;
  deleter.delete_on_close = true;
  EXPECT_FALSE(table.close(*table.open(deleter)).remove);
  EXPECT_EQ(table.open(going).error(), NtStatus::kDeletePending);
  EXPECT_TRUE(table.is_delete_pending(by_going));
  EXPECT_FALSE(table.is_delete_pending(by_other));
  CloseOutcome last = table.close(by_going);
  EXPECT_TRUE(last.remove);
  EXPECT_EQ(last.path, "going");
  EXPECT_EQ(table.open(going).error(), NtStatus::kDeletePending);
  std::vector<Wake> wakes;
  table.removal_finished(last, wakes);
  // Who has it open by the other name keeps it, and it can be opened by that.
  EXPECT_TRUE(table.find(by_other));
  EXPECT_FALSE(table.close(*table.open(other)).remove);
  EXPECT_FALSE(table.close(by_other).remove);
  EXPECT_TRUE(table.open(going));  // a new name of the same object
}

TEST(OpenTable, BothOfTwoNamesGo) {
  OpenTable table;
  OpenSpec a = named(spec(1, Access::kDelete, Sharing::kAll), "a");
  OpenSpec b = named(spec(1, Access::kDelete, Sharing::kAll), "b");
  OpenId open_a = *table.open(a), open_b = *table.open(b);
  ASSERT_TRUE(table.set_delete_pending(open_a, true));
  ASSERT_TRUE(table.set_delete_pending(open_b, true));
  CloseOutcome first = table.close(open_a), second = table.close(open_b);
  EXPECT_TRUE(first.remove && second.remove);
  EXPECT_EQ(first.path, "a");
  EXPECT_EQ(second.path, "b");
  std::vector<Wake> wakes;
  table.removal_finished(first, wakes);
  EXPECT_TRUE(table.is_open({{1, 1}, ""}));
  table.removal_finished(second, wakes);
  EXPECT_FALSE(table.is_open({{1, 1}, ""}));
}

TEST(OpenTable, ARenameIsOfOneName) {
  OpenTable table;
  OpenSpec a = named(spec(1, Access::kDelete, Sharing::kAll), "a");
  OpenId open_a = *table.open(a);
  OpenId open_b = *table.open(named(spec(1, Access::kReadData, Sharing::kAll), "b"));
  table.renamed(open_a, "c");
  ASSERT_TRUE(table.set_delete_pending(open_a, true));
  EXPECT_FALSE(table.is_delete_pending(open_b));
  EXPECT_EQ(table.close(open_a).path, "c");
  EXPECT_EQ(table.close(open_b).path, "b");
}

// A name that is marked while another open renames it goes all the same, and the old name is free.
TEST(OpenTable, ARenamedNameStillGoes) {
  OpenTable table;
  OpenSpec a = named(spec(1, Access::kDelete, Sharing::kAll), "a");
  OpenId renamer = *table.open(a);
  OpenSpec deleter = a;
  deleter.delete_on_close = true;
  EXPECT_FALSE(table.close(*table.open(deleter)).remove);
  table.renamed(renamer, "b");
  EXPECT_TRUE(table.is_delete_pending(renamer));
  EXPECT_EQ(table.open(named(a, "b")).error(), NtStatus::kDeletePending);
  EXPECT_FALSE(table.close(*table.open(a)).remove);
  CloseOutcome last = table.close(renamer);
  EXPECT_TRUE(last.remove);
  EXPECT_EQ(last.path, "b");
  std::vector<Wake> wakes;
  table.removal_finished(last, wakes);
  EXPECT_FALSE(table.is_open({{1, 1}, ""}));
}

OpenSpec stream_spec(std::uint64_t inode, std::string stream, std::uint32_t access,
                     std::uint32_t share_access) {
  OpenSpec s = spec(inode, access, share_access);
  s.object.stream = std::move(stream);
  return s;
}

TEST(OpenTable, StreamsHaveSharesOfTheirOwn) {
  OpenTable table;
  ASSERT_TRUE(table.open(stream_spec(1, "a", Access::kWriteData, 0)));
  EXPECT_TRUE(table.open(stream_spec(1, "b", Access::kWriteData, 0)));
  EXPECT_TRUE(table.open(spec(1, Access::kWriteData, 0)));
  EXPECT_EQ(table.open(stream_spec(1, "a", Access::kReadData, Sharing::kAll)).error(),
            NtStatus::kSharingViolation);
  // The file opened without sharing deletion does not keep a stream from it.
  EXPECT_TRUE(table.open(stream_spec(1, "c", Access::kDelete, Sharing::kAll)));
}

TEST(OpenTable, AStreamThatDoesNotShareDeletionKeepsTheFile) {
  OpenTable table;
  OpenId stream = *table.open(stream_spec(1, "a", Access::kReadData, Sharing::kRead));
  EXPECT_EQ(table.open(spec(1, Access::kDelete, Sharing::kAll)).error(),
            NtStatus::kSharingViolation);
  EXPECT_TRUE(table.is_open({{1, 1}, ""}));
  table.close(stream);
  EXPECT_FALSE(table.is_open({{1, 1}, ""}));
  EXPECT_TRUE(table.open(spec(1, Access::kDelete, Sharing::kAll)));
}

TEST(OpenTable, AFileGoesWithTheLastOfItsStreams) {
  OpenTable table;
  OpenId stream = *table.open(stream_spec(1, "a", Access::kReadData, Sharing::kAll));
  OpenSpec deleter = spec(1, Access::kDelete, Sharing::kAll);
  deleter.delete_on_close = true;
  EXPECT_FALSE(table.close(*table.open(deleter)).remove);
  for (const char* name : {"", "a", "b"})
    EXPECT_EQ(table.open(stream_spec(1, name, Access::kReadData, Sharing::kAll)).error(),
              NtStatus::kDeletePending);
  CloseOutcome last = table.close(stream);
  EXPECT_TRUE(last.remove);
  EXPECT_EQ(last.object, (ObjectId{{1, 1}, ""}));
  EXPECT_EQ(table.open(spec(1, Access::kReadData, Sharing::kAll)).error(),
            NtStatus::kDeletePending);
  std::vector<Wake> wakes;
  table.removal_finished(last, wakes);
  EXPECT_TRUE(table.open(spec(1, Access::kReadData, Sharing::kAll)));
}

TEST(OpenTable, ARenamedStreamTakesItsOpensAlong) {
  OpenTable table;
  OpenId a = *table.open(stream_spec(1, "a", Access::kReadData, Sharing::kRead));
  OpenId b = *table.open(stream_spec(1, "b", Access::kReadData, Sharing::kRead));
  EXPECT_EQ(table.rename_stream(a, "b"), NtStatus::kAccessDenied);
  EXPECT_EQ(table.rename_stream(a, "c"), NtStatus::kSuccess);
  EXPECT_TRUE(table.open(stream_spec(1, "a", Access::kWriteData, 0)));
  EXPECT_EQ(table.open(stream_spec(1, "c", Access::kWriteData, Sharing::kAll)).error(),
            NtStatus::kSharingViolation);
  table.close(b);
  EXPECT_EQ(table.rename_stream(a, "b"), NtStatus::kSuccess);
}

TEST(OpenTable, FindsByBothIdsAndTheSession) {
  OpenTable table;
  OpenId id = *table.open(spec(1, Access::kReadData, Sharing::kAll, 5));
  wire::smb2::FileId file_id = table.find(id)->file_id();
  EXPECT_TRUE(table.find(file_id, 5));
  EXPECT_FALSE(table.find(file_id, 6));
  EXPECT_FALSE(table.find({file_id.persistent + 1, file_id.volatile_id}, 5));
  EXPECT_TRUE(table.close(id).found);
  EXPECT_FALSE(table.find(file_id, 5));
  EXPECT_FALSE(table.close(id).found);
}

TEST(OpenTable, IdsOfManyFilesDoNotMeet) {
  OpenTable table;
  std::vector<OpenId> ids;
  for (std::uint64_t i = 0; i < 5'000; ++i)
    ids.push_back(*table.open(spec(i, Access::kReadData, Sharing::kAll)));
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    EXPECT_EQ(table.find(ids[i])->id, ids[i]);
    EXPECT_EQ(table.close(ids[i]).path, "f" + std::to_string(i));
  }
  EXPECT_EQ(table.size(), 0u);
}

TEST(OpenTable, LocksAreAllOrNothing) {
  OpenTable table;
  OpenId a = *table.open(spec(1, Access::kReadData | Access::kWriteData, Sharing::kAll));
  OpenId b = *table.open(spec(1, Access::kReadData | Access::kWriteData, Sharing::kAll));
  std::vector<Wake> wakes;
  ASSERT_EQ(table.lock(b, {{10, 1, true}}, 0, wakes), NtStatus::kSuccess);
  EXPECT_EQ(table.lock(a, {{0, 1, true}, {5, 1, true}, {10, 1, true}}, 0, wakes),
            NtStatus::kLockNotGranted);
  EXPECT_EQ(table.check_locks(b, 0, 10, true), NtStatus::kSuccess);
  EXPECT_EQ(table.check_locks(a, 10, 1, false), NtStatus::kFileLockConflict);
  EXPECT_EQ(table.lock(a, {{10, 1, true}}, 42, wakes), NtStatus::kPending);
  CloseOutcome closed = table.close(b);
  ASSERT_EQ(closed.wakes.size(), 1u);
  EXPECT_EQ(closed.wakes[0].token, 42u);
  EXPECT_EQ(closed.wakes[0].status, NtStatus::kSuccess);
}

TEST(OpenTable, KnowsWhatIsBelowADirectory) {
  OpenTable table;
  OpenSpec s = spec(1, Access::kReadData, Sharing::kAll);
  s.path = "a/b/c";
  auto share = s.share;
  ASSERT_TRUE(table.open(std::move(s)));
  EXPECT_TRUE(table.any_open_below(*share, "a"));
  EXPECT_TRUE(table.any_open_below(*share, "a/b"));
  EXPECT_FALSE(table.any_open_below(*share, "a/b/c"));
  EXPECT_FALSE(table.any_open_below(*share, "a/bb"));
}

}  // namespace
}  // namespace holdfast::core
