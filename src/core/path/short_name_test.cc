// SPDX-License-Identifier: Apache-2.0
#include "core/path/short_name.h"

#include <gtest/gtest.h>

#include "base/utf16.h"

namespace holdfast::core {
namespace {

TEST(ShortName, ShortNamesHaveNone) {
  for (const char* name : {".", "..", "a", "README.TXT", "readme.txt", "12345678.123", "x~1"})
    EXPECT_EQ(short_name(name), "") << name;
}

TEST(ShortName, LongNamesGetOneThatIsShortItself) {
  for (const char* name : {"torture_search.txt", "a b", "x.html", "a.b.c", ".profile", "trailing.",
                           "\xC3\xA4", "123456789", "longer than anything.extension"}) {
    std::string made = short_name(name);
    EXPECT_FALSE(made.empty()) << name;
    EXPECT_TRUE(looks_like_short_name(made)) << made;
    EXPECT_EQ(short_name(made), "") << made;
    EXPECT_EQ(short_name(fold_name(name)), made) << name;
  }
  EXPECT_TRUE(short_name("torture_search.txt").starts_with("TO"));
  EXPECT_TRUE(short_name("torture_search.txt").ends_with("~1.TXT"));
}

TEST(ShortName, OtherNamesDoNotLookLikeIt) {
  for (const char* name : {"a", "ab~1", "abcdef~2", "abcdefgh", "longer name~1"})
    EXPECT_FALSE(looks_like_short_name(name)) << name;
}

}  // namespace
}  // namespace holdfast::core
