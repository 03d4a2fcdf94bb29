// SPDX-License-Identifier: Apache-2.0
#include "core/object/channel_sequence.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(ChannelSequence, ANewChannelTurnsWhatRunsIntoWhatCameBefore) {
  ChannelSequence s;
  auto old = s.begin(0, false);
  ASSERT_TRUE(old);
  EXPECT_TRUE(s.begin(1, false));
  EXPECT_EQ(s.outstanding(), 1u);
  EXPECT_EQ(s.outstanding_before(), 1u);
  s.end(*old);
  EXPECT_EQ(s.outstanding_before(), 0u);
  EXPECT_EQ(s.outstanding(), 1u);
}

TEST(ChannelSequence, WhatIsBehindIsStale) {
  ChannelSequence s;
  ASSERT_TRUE(s.begin(5, false));
  EXPECT_FALSE(s.begin(4, false));
  EXPECT_FALSE(s.begin(4, true));
  EXPECT_TRUE(s.begin(5, true));
  EXPECT_EQ(s.value(), 5);
}

TEST(ChannelSequence, HalfTheCircleIsAhead) {
  ChannelSequence s;
  EXPECT_FALSE(s.begin(0x8000, false));
  EXPECT_TRUE(s.begin(0x7FFF, false));
  EXPECT_TRUE(s.begin(0xFFFE, false));
  EXPECT_TRUE(s.begin(0x0001, false));
  EXPECT_EQ(s.value(), 1);
}

TEST(ChannelSequence, AReplayWaitsForWhatItRepeats) {
  ChannelSequence s;
  auto first = s.begin(0, false);
  EXPECT_FALSE(s.begin(1, true));
  // A request that is no replay may go on.
  auto other = s.begin(1, false);
  EXPECT_TRUE(other);
  s.end(*first);
  EXPECT_TRUE(s.begin(1, true));
}

TEST(ChannelSequence, AReclaimMakesEverythingThatRunsOld) {
  ChannelSequence s;
  auto first = s.begin(3, false);
  s.restart(0);
  EXPECT_EQ(s.value(), 0);
  EXPECT_EQ(s.outstanding_before(), 1u);
  // The number is the same as before for some clients; what ended is still the old one.
  s.restart(0);
  s.end(*first);
  EXPECT_EQ(s.outstanding_before(), 0u);
}

}  // namespace
}  // namespace holdfast::core
