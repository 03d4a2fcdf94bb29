// SPDX-License-Identifier: Apache-2.0
#include "core/path/snapshot_token.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(SnapshotToken, KnownTimes) {
  EXPECT_EQ(parse_snapshot_token("@GMT-1970.01.01-00.00.00"), NtTime::from_unix(0, 0));
  EXPECT_EQ(parse_snapshot_token("@GMT-2024.02.29-12.34.56"), NtTime::from_unix(1709210096, 0));
  EXPECT_EQ(parse_snapshot_token("@GMT-1999.12.31-23.59.59"), NtTime::from_unix(946684799, 0));
  EXPECT_EQ(snapshot_token(NtTime::from_unix(1709210096, 500)), "@GMT-2024.02.29-12.34.56");
  EXPECT_EQ(snapshot_token(NtTime{1}), "@GMT-1601.01.01-00.00.00");
}

TEST(SnapshotToken, EveryDayThereAndBack) {
  for (std::int64_t day = 0; day < 366 * 150; ++day) {
    NtTime time = NtTime::from_unix(day * 86'400 + 3'723, 0);
    EXPECT_EQ(parse_snapshot_token(snapshot_token(time)), time);
  }
}

TEST(SnapshotToken, OtherNamesAreNone) {
  for (std::string_view name :
       {"", "@GMT", "@GMT-2024.02.29-12.34.5", "@GMT-2024.02.29-12.34.567",
        "@GMT-2023.02.29-00.00.00", "@GMT-2024.13.01-00.00.00", "@GMT-2024.00.01-00.00.00",
        "@GMT-2024.01.01-24.00.00", "@gmt-2024.01.01-00.00.00", "@GMT-20x4.01.01-00.00.00",
        "@GMT-1600.01.01-00.00.00", "@GMT-2024-01-01-00.00.00"})
    EXPECT_FALSE(parse_snapshot_token(name)) << name;
}

TEST(SnapshotToken, IsTakenOutOfAName) {
  auto rest = [](std::string name) { return take_snapshot_token(name) ? name : "none: " + name; };
  EXPECT_EQ(rest("a\\@GMT-2024.02.29-12.34.56\\b:s"), "a\\b:s");
  EXPECT_EQ(rest("@GMT-2024.02.29-12.34.56\\b"), "b");
  EXPECT_EQ(rest("a\\@GMT-2024.02.29-12.34.56"), "a");
  EXPECT_EQ(rest("@GMT-2024.02.29-12.34.56"), "");
  EXPECT_EQ(rest("a\\b"), "none: a\\b");
  EXPECT_EQ(rest(""), "none: ");
  EXPECT_EQ(rest("a\\x@GMT-2024.02.29-12.34.56"), "none: a\\x@GMT-2024.02.29-12.34.56");
}

}  // namespace
}  // namespace holdfast::core
