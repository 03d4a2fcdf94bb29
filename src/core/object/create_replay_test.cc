// SPDX-License-Identifier: Apache-2.0
#include "core/object/create_replay.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

using State = CreateReplayTable::State;

CreateKey key(std::uint8_t client, std::uint8_t create) {
  CreateKey k;
  k.client_guid.octets[0] = client;
  k.create_guid.octets[0] = create;
  return k;
}

TEST(CreateReplayTable, FromNewOverPendingToDone) {
  CreateReplayTable table;
  EXPECT_EQ(table.begin(key(1, 1)).state, State::kNew);
  EXPECT_EQ(table.begin(key(1, 1)).state, State::kPending);
  EXPECT_EQ(table.begin(key(2, 1)).state, State::kNew);
  table.finish(key(1, 1), 77);
  EXPECT_EQ(table.begin(key(1, 1)).state, State::kDone);
  EXPECT_EQ(table.begin(key(1, 1)).open, 77u);
  table.forget(key(1, 1), 78);
  EXPECT_EQ(table.begin(key(1, 1)).open, 77u);
  table.forget(key(1, 1), 77);
  EXPECT_EQ(table.begin(key(1, 1)).state, State::kNew);
}

TEST(CreateReplayTable, AFailureLeavesNothing) {
  CreateReplayTable table;
  (void)table.begin(key(1, 1));
  table.finish(key(1, 1), 0);
  EXPECT_EQ(table.size(), 0u);
  // Nor does it take an open away that is there.
  (void)table.begin(key(1, 1));
  table.finish(key(1, 1), 5);
  table.finish(key(1, 1), 0);
  EXPECT_EQ(table.begin(key(1, 1)).open, 5u);
}

}  // namespace
}  // namespace holdfast::core
