// SPDX-License-Identifier: Apache-2.0
#include "core/notify/notify_table.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

const auto* const kVolume = reinterpret_cast<const ports::Vfs*>(0x10);

TEST(NotifyTable, TellsTheDirectoryAboveAndTrees) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "a", false, 1});
  table.watch(2, {kVolume, "", true, 1});
  EXPECT_TRUE(table.wait(1, 11));
  EXPECT_TRUE(table.wait(2, 12));
  table.report(kVolume, "a/b/c", NotifyAction::kAdded, 1, wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 12u);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
  ASSERT_EQ(table.take(2, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events[0].name, "a/b/c");
  table.report(kVolume, "a/b", NotifyAction::kRemoved, 1, wakes);
  ASSERT_EQ(table.take(1, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events[0].name, "b");
  table.report(kVolume, "ab/c", NotifyAction::kAdded, 1, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, FiltersAndVolumes) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 2});
  table.report(kVolume, "x", NotifyAction::kAdded, 1, wakes);
  table.report(reinterpret_cast<const ports::Vfs*>(0x20), "x", NotifyAction::kAdded, 2, wakes);
  EXPECT_EQ(table.take(1, events), NotifyTable::Ready::kNo);
}

TEST(NotifyTable, ARenameIsOneAnswer) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1});
  EXPECT_TRUE(table.wait(1, 5));
  table.report(kVolume, "x", NotifyAction::kRenamedOldName, 1, wakes);
  EXPECT_TRUE(wakes.empty());
  table.report(kVolume, "y", NotifyAction::kRenamedNewName, 1, wakes);
  EXPECT_EQ(wakes.size(), 1u);
  ASSERT_EQ(table.take(1, events), NotifyTable::Ready::kEvents);
  EXPECT_EQ(events.size(), 2u);
}

TEST(NotifyTable, TooMuchNewsIsSaidAsSuch) {
  NotifyTable table;
  std::vector<Wake> wakes;
  std::vector<NotifyEvent> events;
  table.watch(1, {kVolume, "", false, 1});
  for (std::size_t i = 0; i <= NotifyTable::kMaxQueued; ++i)
    table.report(kVolume, "f" + std::to_string(i), NotifyAction::kAdded, 1, wakes);
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
  table.report(kVolume, "a", NotifyAction::kAdded, 1, wakes);
  EXPECT_TRUE(wakes.empty());
  EXPECT_FALSE(table.wait(1, 5));
}

}  // namespace
}  // namespace holdfast::core
