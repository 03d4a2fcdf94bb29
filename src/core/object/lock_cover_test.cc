// SPDX-License-Identifier: Apache-2.0
#include "core/object/lock_cover.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::core {
namespace {

using Range = ByteRangeLocks::Range;
using enum LockCover;

TEST(LockCover, TheStrongestLockOfEachOctetCounts) {
  std::vector<Range> locks{{10, 20, true}, {15, 3, false}, {28, 10, false}};
  std::vector<CoveredRange> expected{
      {0, 10, kNone}, {10, 30, kExclusive}, {30, 38, kShared}, {38, 100, kNone}};
  EXPECT_EQ(cover_of(locks, 0, 100), expected);
}

TEST(LockCover, OnlyWhatWasAskedForIsTold) {
  std::vector<Range> locks{{0, 100, false}, {50, 100, false}};
  EXPECT_EQ(cover_of(locks, 40, 60), (std::vector<CoveredRange>{{40, 60, kShared}}));
  EXPECT_TRUE(cover_of(locks, 40, 40).empty());
}

TEST(LockCover, LocksOfNoOctetsCoverNothing) {
  EXPECT_EQ(cover_of({{5, 0, true}}, 0, 10), (std::vector<CoveredRange>{{0, 10, kNone}}));
}

TEST(LockCover, RangesBehindWhatFilesCanHoldAreCutOff) {
  CoveredRange whole = local_part({0, ~0ull, true});
  EXPECT_EQ(whole, (CoveredRange{0, kLockEnd, kExclusive}));
  CoveredRange beyond = local_part({~0ull, 1, true});
  EXPECT_EQ(beyond.begin, beyond.end);
  EXPECT_EQ(local_part({kLockEnd - 1, 5, false}), (CoveredRange{kLockEnd - 1, kLockEnd, kShared}));
  EXPECT_EQ(cover_of({{~0ull - 3, 2, true}}, 0, kLockEnd),
            (std::vector<CoveredRange>{{0, kLockEnd, kNone}}));
}

RC_GTEST_PROP(LockCover, EveryOctetIsAsItsLocksSay, ()) {
  auto small = rc::gen::inRange<std::uint64_t>(0, 24);
  auto locks = *rc::gen::container<std::vector<Range>>(
      rc::gen::construct<Range>(small, small, rc::gen::arbitrary<bool>()));
  auto covered = cover_of(locks, 0, 60);
  std::uint64_t at = 0;
  for (const CoveredRange& piece : covered) {
    RC_ASSERT(piece.begin == at);
    for (; at < piece.end; ++at) {
      LockCover expected = kNone;
      for (const Range& lock : locks)
        if (lock.offset <= at && at < lock.offset + lock.length)
          expected = std::max(expected, lock.exclusive ? kExclusive : kShared);
      RC_ASSERT(piece.cover == expected);
    }
  }
  RC_ASSERT(at == 60u);
}

}  // namespace
}  // namespace holdfast::core
