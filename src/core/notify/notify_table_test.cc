// SPDX-License-Identifier: Apache-2.0
#include "core/notify/notify_table.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

const auto* const kVolume = reinterpret_cast<const ports::Vfs*>(0x10);

void report(NotifyTable& table, const ports::Vfs* vfs, std::string_view path, NotifyAction action,
            std::uint32_t filter, std::vector<Wake>& wakes) {
  table.report(vfs, NotifyChange{path, action, filter}, wakes);
}

TEST(NotifyTable, TellsTheDirectoryAboveAndTrees) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "a", false, 1});
  table.watch(2, {kVolume, "", true, 1});
  EXPECT_TRUE(table.wait(1, 11));
  EXPECT_TRUE(table.wait(2, 12));
  report(table, kVolume, "a/b/c", NotifyAction::kAdded, 1, wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 12u);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
  ASSERT_EQ(table.given(12, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events[0].name, "a/b/c");
  report(table, kVolume, "a/b", NotifyAction::kRemoved, 1, wakes);
  ASSERT_EQ(table.given(11, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events[0].name, "b");
  report(table, kVolume, "ab/c", NotifyAction::kAdded, 1, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, FiltersAndVolumes) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 2});
  report(table, kVolume, "x", NotifyAction::kAdded, 1, wakes);
  report(table, reinterpret_cast<const ports::Vfs*>(0x20), "x", NotifyAction::kAdded, 2, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, WhoWaitsGetsWhatHeIsWokenFor) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1});
  EXPECT_TRUE(table.wait(1, 11));
  EXPECT_TRUE(table.wait(1, 12));
  report(table, kVolume, "x", NotifyAction::kAdded, 1, wakes);
  // Before the first one has run, somebody asks, and another change comes.
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
  report(table, kVolume, "y", NotifyAction::kAdded, 1, wakes);
  ASSERT_EQ(wakes.size(), 2u);
  EXPECT_EQ(wakes[1].token, 12u);
  ASSERT_EQ(table.given(12, events), NotifyTable::Ready::kEvents);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, "y");
  // The handle may be closed by then.
  table.remove(1, wakes);
  ASSERT_EQ(table.given(11, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events[0].name, "x");
  EXPECT_EQ(table.given(11, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, ARenameIsOneAnswer) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1});
  EXPECT_TRUE(table.wait(1, 5));
  const NotifyChange rename[] = {{"x", NotifyAction::kRenamedOldName, 1},
                                 {"y", NotifyAction::kRenamedNewName, 1}};
  table.report(kVolume, rename, wakes);
  EXPECT_EQ(wakes.size(), 1u);
  ASSERT_EQ(table.given(5, events), NotifyTable::Ready::kEvents);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "x");
  EXPECT_EQ(events[1].action, NotifyAction::kRenamedNewName);
}

TEST(NotifyTable, WhoWatchesNamesDoesNotHearTheSameAsAModification) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1 | 4});
  table.watch(2, {kVolume, "", false, 4});
  table.report(kVolume, NotifyChange{"y", NotifyAction::kModified, 4, 1}, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
  EXPECT_EQ(table.take(2, events), NotifyTable::Ready::kEvents);
}

TEST(NotifyTable, TheFirstRequestsRoomBoundsWhatIsCollected) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  // "a" takes 16 octets with its padding.
  table.watch(1, {kVolume, "", false, 1, 32});
  report(table, kVolume, "a", NotifyAction::kAdded, 1, wakes);
  report(table, kVolume, "b", NotifyAction::kAdded, 1, wakes);
  ASSERT_EQ(table.take(1, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events.size(), 2u);
  for (const char* name : {"a", "b", "c"})
    report(table, kVolume, name, NotifyAction::kAdded, 1, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kOverflow);
  report(table, kVolume, "a", NotifyAction::kAdded, 1, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kEvents);
}

TEST(NotifyTable, ADirectoryThatGoesSaysSo) {
  NotifyTable table;
  std::vector<Wake> wakes;
  table.watch(1, {kVolume, "d", true, 1});
  table.watch(2, {kVolume, "d/e", true, 1});
  ASSERT_TRUE(table.wait(1, 11));
  ASSERT_TRUE(table.wait(2, 12));
  table.directory_going(kVolume, "d", wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 11u);
  EXPECT_EQ(wakes[0].status, NtStatus::kDeletePending);
}

TEST(NotifyTable, WatchesFollowADirectoryThatIsRenamed) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "d", false, 1});
  table.watch(2, {kVolume, "d/e", false, 1});
  table.watch(3, {kVolume, "de", false, 1});
  table.directory_moved(kVolume, "d", "x/y");
  for (const char* path : {"x/y/1", "x/y/e/2", "de/3", "d/4"})
    report(table, kVolume, path, NotifyAction::kAdded, 1, wakes);
  for (OpenId open : {1, 2, 3}) {
    ASSERT_EQ(table.take(open, events), NotifyTable::Ready::kEvents);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].name, std::to_string(open));
  }
}

TEST(NotifyTable, WhatMayBeLostIsSaidToAllWhoCouldHaveHeardIt) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", true, 1});
  table.watch(2, {kVolume, "", false, 1});
  table.watch(3, {kVolume, "d", false, 1});
  table.watch(4, {kVolume, "d/e", false, 1});
  ASSERT_TRUE(table.wait(4, 44));
  table.lost_below(kVolume, "d", wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 44u);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kOverflow);
  EXPECT_EQ(table.take(2, events), NotifyTable::Ready::kNo);
  EXPECT_EQ(table.take(3, events), NotifyTable::Ready::kOverflow);
  EXPECT_EQ(table.take(4, events), NotifyTable::Ready::kNo);
  EXPECT_EQ(table.given(44, events), NotifyTable::Ready::kOverflow);
}

TEST(NotifyTable, TooMuchNewsIsSaidAsSuch) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1});
  for (std::size_t i = 0; i <= NotifyTable::kMaxQueued; ++i)
    report(table, kVolume, "f" + std::to_string(i), NotifyAction::kAdded, 1, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kOverflow);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, ClosingWakesWhoWaits) {
  NotifyTable table;
  std::vector<Wake> wakes;
  table.watch(1, {kVolume, "", false, 1});
  EXPECT_TRUE(table.wait(1, 5));
  EXPECT_TRUE(table.wait(1, 6));
  EXPECT_TRUE(table.cancel(1, 6));
  table.remove(1, wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].status, NtStatus::kNotifyCleanup);
  EXPECT_TRUE(table.idle());
}

TEST(NotifyTable, NobodyWaitsForWhatIsThereOrWithoutWatch) {
  NotifyTable table;
  EXPECT_FALSE(table.wait(1, 5));
  table.watch(1, {kVolume, "", false, 0xFFF});
  std::vector<Wake> wakes;
  report(table, kVolume, "a", NotifyAction::kAdded, 1, wakes);
  EXPECT_TRUE(wakes.empty());
  EXPECT_FALSE(table.wait(1, 5));
}

}  // namespace
}  // namespace holdfast::core
