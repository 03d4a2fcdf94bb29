// SPDX-License-Identifier: Apache-2.0
#include "core/object/byte_range_locks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace holdfast::core {
namespace {

TEST(ByteRangeLocks, SharedAndExclusive) {
  ByteRangeLocks locks;
  EXPECT_EQ(locks.lock(1, {0, 10, false}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(2, {5, 10, false}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(3, {9, 1, true}), NtStatus::kLockNotGranted);
  EXPECT_EQ(locks.lock(3, {15, 1, true}), NtStatus::kSuccess);
  // The same handle gets no second exclusive lock either.
  EXPECT_EQ(locks.lock(3, {15, 1, true}), NtStatus::kLockNotGranted);
}

TEST(ByteRangeLocks, ReadsAndWrites) {
  ByteRangeLocks locks;
  ASSERT_EQ(locks.lock(1, {0, 10, true}), NtStatus::kSuccess);
  ASSERT_EQ(locks.lock(1, {20, 10, false}), NtStatus::kSuccess);
  EXPECT_TRUE(locks.allows(1, 0, 10, true));
  EXPECT_FALSE(locks.allows(2, 9, 1, false));
  EXPECT_TRUE(locks.allows(2, 10, 10, true));
  EXPECT_TRUE(locks.allows(2, 20, 10, false));
  EXPECT_FALSE(locks.allows(1, 29, 1, true));
  EXPECT_TRUE(locks.allows(2, 5, 0, true));
}

TEST(ByteRangeLocks, ZeroLength) {
  ByteRangeLocks locks;
  ASSERT_EQ(locks.lock(1, {10, 0, true}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(2, {10, 0, true}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(2, {10, 1, true}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(2, {9, 2, true}), NtStatus::kLockNotGranted);
}

TEST(ByteRangeLocks, TheEndOfTheWorld) {
  ByteRangeLocks locks;
  EXPECT_EQ(locks.lock(1, {~0ull, 1, true}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock(1, {~0ull, 2, true}), NtStatus::kInvalidLockRange);
  EXPECT_FALSE(locks.allows(2, ~0ull, 1, false));
}

TEST(ByteRangeLocks, WaitersAreGrantedCancelledAndReleased) {
  ByteRangeLocks locks;
  std::vector<Wake> wakes;
  ASSERT_EQ(locks.lock(1, {0, 10, true}), NtStatus::kSuccess);
  EXPECT_EQ(locks.lock_or_wait(2, {0, 1, true}, 7), NtStatus::kPending);
  EXPECT_EQ(locks.lock_or_wait(3, {0, 1, true}, 8), NtStatus::kPending);
  EXPECT_EQ(locks.lock_or_wait(4, {0, 1, true}, 9), NtStatus::kPending);
  EXPECT_TRUE(locks.cancel(9));
  EXPECT_FALSE(locks.cancel(9));
  EXPECT_EQ(locks.unlock(1, 0, 10, wakes), NtStatus::kSuccess);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 7u);
  wakes.clear();
  locks.release(3, wakes);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].status, NtStatus::kRangeNotLocked);
  locks.release(2, wakes);
  EXPECT_TRUE(locks.empty());
  EXPECT_EQ(locks.unlock(1, 0, 10, wakes), NtStatus::kRangeNotLocked);
}

/// A reference that marks every octet of a small world.
TEST(ByteRangeLocks, AgreesWithAMapOfOctets) {
  std::mt19937 random(11);
  ByteRangeLocks locks;
  struct Lock {
    std::uint64_t offset, length;
    bool exclusive;
    OpenId open;
  };
  std::vector<Lock> model;
  std::vector<Wake> wakes;
  for (int i = 0; i < 20'000; ++i) {
    Lock l{random() % 32, 1 + random() % 8, random() % 2 == 0, 1 + random() % 4};
    if (!model.empty() && random() % 3 == 0) {
      std::size_t n = random() % model.size();
      ASSERT_EQ(locks.unlock(model[n].open, model[n].offset, model[n].length, wakes),
                NtStatus::kSuccess);
      auto is_same = [chosen = model[n]](const Lock& m) {
        return m.open == chosen.open && m.offset == chosen.offset && m.length == chosen.length;
      };
      auto gone = std::find_if(model.begin(), model.end(),
                               [&](const Lock& m) { return is_same(m) && m.exclusive; });
      if (gone == model.end()) gone = std::find_if(model.begin(), model.end(), is_same);
      model.erase(gone);
      continue;
    }
    bool free = true, read = true, write = true;
    for (const Lock& m : model) {
      bool meets = m.offset < l.offset + l.length && l.offset < m.offset + m.length;
      if (!meets) continue;
      if (l.exclusive) free = false;
      if (m.exclusive && m.open != l.open) free = false;
      if (m.exclusive && m.open != l.open) read = write = false;
      if (!m.exclusive) write = false;
    }
    ASSERT_EQ(locks.allows(l.open, l.offset, l.length, false), read);
    ASSERT_EQ(locks.allows(l.open, l.offset, l.length, true), write);
    ASSERT_EQ(locks.lock(l.open, {l.offset, l.length, l.exclusive}) == NtStatus::kSuccess, free);
    if (free) model.push_back(l);
  }
}

}  // namespace
}  // namespace holdfast::core
