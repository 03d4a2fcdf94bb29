// SPDX-License-Identifier: Apache-2.0
#include "core/object/lock_sequence.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(LockSequence, OnlyWhatWasDoneIsAReplay) {
  LockSequence s;
  EXPECT_FALSE(s.is_replay(1, 0));
  EXPECT_FALSE(s.is_replay(1, 0));
  s.done(1, 0);
  EXPECT_TRUE(s.is_replay(1, 0));
  EXPECT_FALSE(s.is_replay(2, 0));
}

TEST(LockSequence, AnotherNumberVoidsTheEntry) {
  LockSequence s;
  s.done(64, 3);
  EXPECT_FALSE(s.is_replay(64, 4));
  // The request with number 4 failed; 3 is no longer known either.
  EXPECT_FALSE(s.is_replay(64, 3));
}

TEST(LockSequence, IndexesOutsideAreNotKept) {
  LockSequence s;
  for (std::uint32_t index : {0u, 65u, 0x0FFFFFFFu}) {
    s.done(index, 1);
    EXPECT_FALSE(s.is_replay(index, 1));
  }
  EXPECT_EQ(s, LockSequence());
}

}  // namespace
}  // namespace holdfast::core
