// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/vfs/memory_vfs.h"
#include "sim/world/executor.h"

namespace holdfast::sim {
namespace {

/// What a loss of power leaves of a file that was written, synced, and written again, and of names.
struct PowerTest : testing::Test {
  struct After {
    std::size_t old = 0, fresh = 0, torn = 0;
    std::size_t old_name = 0, new_name = 0, unsynced_file = 0;
  };
  static Task<void> story(MemoryVfs& vfs, ports::Executor& loop, bool syncs) {
    ports::Credentials who;
    ports::IoContext io{loop, who};
    auto made = co_await vfs.create(io, "a", {});
    EXPECT_TRUE(made.has_value());
    ByteVec old(4096, 1), fresh(4096, 2);
    (void)co_await made->file->write(io, 0, old, false);
    (void)co_await made->file->flush(io);
    (void)co_await made->file->write(io, 0, fresh, syncs);
    (void)co_await vfs.rename(io, *made->file, "b", false);
    (void)co_await vfs.create(io, "c", {});
    if (syncs) (void)co_await made->file->flush(io);
  }
  static After run(bool syncs) {
    After after;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      World world(seed);
      SimClock clock(world);
      SimExecutor loop(world, clock, 0);
      auto vfs = std::make_shared<MemoryVfs>(world, clock);
      vfs->keep_journal();
      loop.post([&] { spawn(story(*vfs, loop, syncs)); });
      world.run(100'000'000);
      vfs->lose_power();
      auto node = vfs->find("a");
      ++(node != nullptr ? after.old_name : after.new_name);
      if (node == nullptr) node = vfs->find("b");
      ByteVec data(4096);
      EXPECT_EQ(node->content->read(0, data), 4096u);
      bool all_old = data == ByteVec(4096, 1), all_fresh = data == ByteVec(4096, 2);
      ++(all_old ? after.old : all_fresh ? after.fresh : after.torn);
      after.unsynced_file += vfs->find("c") != nullptr;
      // A later change of names never without an earlier one.
      if (vfs->find("c") != nullptr) EXPECT_EQ(vfs->find("a"), nullptr);
    }
    return after;
  }
};

TEST_F(PowerTest, WhatWasSyncedIsThere) {
  After after = run(true);
  EXPECT_EQ(after.fresh, 200u);
  EXPECT_EQ(after.new_name, 200u);
  EXPECT_EQ(after.unsynced_file, 200u);
}

TEST_F(PowerTest, WhatWasNotIsThereOrNotOrTorn) {
  After after = run(false);
  EXPECT_GT(after.old, 20u);
  EXPECT_GT(after.fresh, 20u);
  EXPECT_GT(after.torn, 20u);
  EXPECT_GT(after.old_name, 20u);
  EXPECT_GT(after.new_name, 20u);
  EXPECT_GT(after.unsynced_file, 20u);
}

}  // namespace
}  // namespace holdfast::sim
