// SPDX-License-Identifier: Apache-2.0
#include "core/path/tunnel_cache.h"

#include <gtest/gtest.h>

#include "core/path/short_name.h"

namespace holdfast::core {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

struct Tunnel : ::testing::Test {
  TunnelCache cache;
  int volume = 0, other = 0;
  std::string alias = short_name("a long name.text");
};

TEST_F(Tunnel, TheLongNameComesBackWithItsShortName) {
  cache.removed(&volume, "dir/a long name.text", 0);
  EXPECT_EQ(cache.name_for(&volume, "dir/" + alias, kSecond), "dir/a long name.text");
  cache.removed(&volume, "a long name.text", 0);
  EXPECT_EQ(cache.name_for(&volume, alias, kSecond), "a long name.text");
}

TEST_F(Tunnel, OnlyInItsDirectoryAndForAShortWhile) {
  cache.removed(&volume, "dir/a long name.text", 0);
  for (const std::string& path : {"elsewhere/" + alias, alias})
    EXPECT_EQ(cache.name_for(&volume, path, kSecond), path);
  std::string path = "dir/" + alias;
  EXPECT_EQ(cache.name_for(&other, path, kSecond), path);
  EXPECT_EQ(cache.name_for(&volume, path, 14 * kSecond), "dir/a long name.text");
  EXPECT_EQ(cache.name_for(&volume, path, 15 * kSecond), path);
}

TEST_F(Tunnel, OtherNamesAreAsTheyAreAsked) {
  cache.removed(&volume, "SHORT.TXT", 0);
  EXPECT_EQ(cache.name_for(&volume, "SHORT.TXT", 0), "SHORT.TXT");
  cache.removed(&volume, "a long name.text", 0);
  EXPECT_EQ(cache.name_for(&volume, "A LONG NAME.TEXT", 0), "A LONG NAME.TEXT");
}

TEST_F(Tunnel, IsBounded) {
  cache.removed(&volume, "a long name.text", 0);
  for (std::size_t i = 0; i < TunnelCache::kMaxEntries; ++i)
    cache.removed(&volume, "another long name." + std::to_string(i), 0);
  EXPECT_EQ(cache.name_for(&volume, alias, 0), alias);
}

}  // namespace
}  // namespace holdfast::core
