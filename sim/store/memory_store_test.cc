// SPDX-License-Identifier: Apache-2.0
#include "sim/store/memory_store.h"

#include <gtest/gtest.h>

#include "sim/world/executor.h"

namespace holdfast::sim {
namespace {

Task<void> commit(ports::StateStore& store, ports::Executor& loop, int& ok, int& failed) {
  auto done = co_await store.commit(loop);
  ++(done ? ok : failed);
}

struct MemoryStoreTest : testing::Test {
  void put(MemoryStore& store, std::uint8_t key) {
    EXPECT_TRUE(store.put(1, Bytes(&key, 1), {}).has_value());
  }
  World world{1};
  SimClock clock{world};
  SimExecutor loop{world, clock, 0};
  int ok = 0, failed = 0;
};

TEST_F(MemoryStoreTest, ATurnSharesOneWrite) {
  auto store = std::make_shared<MemoryStore>(1, 1);
  loop.post([&] {
    for (std::uint8_t i = 0; i < 10; ++i) {
      put(*store, i);
      spawn(commit(*store, loop, ok, failed));
    }
  });
  world.run(1'000'000);
  EXPECT_EQ(ok, 10);
  EXPECT_EQ(store->writes(), 1u);
}

TEST_F(MemoryStoreTest, AnErrorIsToldAndTheNextCommitWritesAll) {
  auto store = std::make_shared<MemoryStore>(1, 1);
  store->fail_commits(ports::StoreError{NtStatus::kDiskFull, "full"});
  put(*store, 1);
  spawn(commit(*store, loop, ok, failed));
  world.run(1'000'000);
  EXPECT_EQ(failed, 1);
  store->fail_commits(std::nullopt);
  put(*store, 2);
  spawn(commit(*store, loop, ok, failed));
  world.run(2'000'000);
  EXPECT_EQ(ok, 1);
  EXPECT_EQ(store->crash().size(), 2u);
}

TEST_F(MemoryStoreTest, ACrashKeepsAPrefixOfWhatWasNotAcknowledged) {
  std::size_t sizes[4] = {};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    auto store = std::make_shared<MemoryStore>(seed, 1);
    for (std::uint8_t i = 0; i < 3; ++i) put(*store, i);
    const StoreContent survived = store->crash();
    ASSERT_LE(survived.size(), 3u);
    ++sizes[survived.size()];
    std::uint8_t next = 0;
    for (const auto& [key, value] : survived) EXPECT_EQ(key.second[0], next++);
  }
  for (std::size_t count : sizes) EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace holdfast::sim
