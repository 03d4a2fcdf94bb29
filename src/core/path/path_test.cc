// SPDX-License-Identifier: Apache-2.0
#include "core/path/path.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

TEST(Path, TakesNamesApart) {
  EXPECT_EQ(parse_path("")->path, "");
  EXPECT_EQ(parse_path("a\\b")->path, "a/b");
  EXPECT_EQ(parse_path("a/b")->path, "a/b");
  EXPECT_EQ(parse_path("a\\.\\b\\..\\c")->path, "a/c");
  EXPECT_TRUE(parse_path("a\\")->trailing_separator);
  EXPECT_EQ(parse_path("a:s")->stream, "s");
  EXPECT_EQ(parse_path("d\\a:s:$data")->stream, "s");
  EXPECT_TRUE(parse_path("a::$DATA")->has_stream_type);
  EXPECT_TRUE(parse_path("a::$INDEX_ALLOCATION")->is_index_allocation);
  EXPECT_EQ(parse_path(":s")->path, "");
  EXPECT_EQ(parse_path(":s")->stream, "s");
}

TEST(Path, RefusesWhatWindowsRefuses) {
  EXPECT_EQ(parse_path("\\a").error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(parse_path("..").error(), NtStatus::kObjectPathSyntaxBad);
  EXPECT_EQ(parse_path("a\\..\\..\\b").error(), NtStatus::kObjectPathSyntaxBad);
  for (const char* bad : {"a*", "a?b", "a\\\\b", "a//b", "a:", "a:b/c", "a:b:c", "a:b:$DATA:d",
                          "x:y\\z", "a\x01", "a|"})
    EXPECT_EQ(parse_path(bad).error(), NtStatus::kObjectNameInvalid) << bad;
  EXPECT_EQ(parse_path(std::string(256, 'x')).error(), NtStatus::kObjectNameInvalid);
  EXPECT_TRUE(parse_path(std::string(255, 'x')));
}

TEST(Path, HasParents) {
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("a"), "");
  EXPECT_EQ(last_component("a/b"), "b");
  EXPECT_EQ(share_of_unc("\\\\srv\\data"), "data");
}

TEST(PosixPath, KeepsEveryCharacterOfAName) {
  EXPECT_EQ(parse_posix_path("a/b\\c")->path,
            "a/b\xEF\x80\xA6"
            "c");
  EXPECT_EQ(parse_posix_path("/a//./b/")->path, "a/b");
  EXPECT_TRUE(parse_posix_path("a/")->trailing_separator);
  EXPECT_EQ(parse_posix_path("")->path, "");
  // Not a stream: the character that a Windows name cannot hold, in the private use area.
  Result<ParsedPath> colon = parse_posix_path("a:b");
  EXPECT_EQ(colon->path,
            "a\xEF\x80\xA2"
            "b");
  EXPECT_EQ(colon->stream, "");
  EXPECT_EQ(parse_posix_path("x. .")->path, "x. \xEF\x80\xA9");
  EXPECT_EQ(parse_posix_path("a/../b")->path, "b");
  EXPECT_EQ(parse_posix_path("../b").error(), NtStatus::kObjectPathSyntaxBad);
  EXPECT_EQ(parse_posix_path(std::string(256, 'x')).error(), NtStatus::kObjectNameInvalid);
}

}  // namespace
}  // namespace holdfast::core
