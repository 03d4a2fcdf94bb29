// SPDX-License-Identifier: Apache-2.0
#include "core/dfs/dfs.h"

#include <gtest/gtest.h>

namespace holdfast::core {
namespace {

Share a_namespace() {
  Share share;
  share.name = "dfs";
  share.dfs_links = {{"docs", {"\\a\\b"}}, {"old/stuff", {"\\c\\d\\e", "\\f\\g"}}};
  return share;
}

TEST(Dfs, LinksAreReadFromText) {
  ParsedDfsLink parsed = parse_dfs_link("old\\stuff = \\\\c\\d\\e, //f/g");
  ASSERT_TRUE(parsed.link) << parsed.error;
  EXPECT_EQ(parsed.link->path, "old/stuff");
  EXPECT_EQ(parsed.link->targets, (std::vector<std::string>{"\\c\\d\\e", "\\f\\g"}));
  for (std::string_view wrong :
       {"", "docs", "= \\\\a\\b", "docs =", "docs = \\\\a", "../x = \\\\a\\b", "a*b = \\\\a\\b"}) {
    EXPECT_FALSE(parse_dfs_link(wrong).link) << wrong;
    EXPECT_FALSE(parse_dfs_link(wrong).error.empty()) << wrong;
  }
}

TEST(Dfs, NamesBeginWithServerAndShare) {
  EXPECT_EQ(without_dfs_prefix("host\\dfs\\a\\b"), "a\\b");
  EXPECT_EQ(without_dfs_prefix("host\\dfs"), "");
  EXPECT_EQ(without_dfs_prefix(""), "");
}

TEST(Dfs, LinksCoverWhatIsBelowThem) {
  Share share = a_namespace();
  EXPECT_EQ(covering_link(share, "DOCS"), &share.dfs_links[0]);
  EXPECT_EQ(covering_link(share, "docs/x/y"), &share.dfs_links[0]);
  EXPECT_EQ(covering_link(share, "old/Stuff/x"), &share.dfs_links[1]);
  for (std::string_view path : {"", "doc", "docs2", "old", "old/stuff2", "x/docs"})
    EXPECT_EQ(covering_link(share, path), nullptr) << path;
}

TEST(Dfs, ReferralToALink) {
  auto referral = refer(a_namespace(), "\\host\\dfs\\old\\stuff\\x");
  ASSERT_TRUE(referral);
  EXPECT_EQ(referral->dfs_path, "\\host\\dfs\\old\\stuff");
  EXPECT_EQ(referral->path_consumed, 2 * referral->dfs_path.size());
  EXPECT_FALSE(referral->is_root);
  ASSERT_EQ(referral->referrals.size(), 2u);
  EXPECT_EQ(referral->referrals[1].network_address, "\\f\\g");
}

TEST(Dfs, ReferralToTheRoot) {
  for (std::string_view path : {"\\host\\dfs", "\\host\\dfs\\old", "\\host\\dfs\\"}) {
    auto referral = refer(a_namespace(), path);
    ASSERT_TRUE(referral) << path;
    EXPECT_TRUE(referral->is_root);
    EXPECT_EQ(referral->path_consumed, 18u);
    ASSERT_EQ(referral->referrals.size(), 1u);
    EXPECT_EQ(referral->referrals[0].network_address, "\\host\\dfs");
  }
}

TEST(Dfs, OtherSharesAreNoNamespaces) {
  EXPECT_EQ(refer(Share{}, "\\host\\dfs").error(), NtStatus::kNotFound);
  EXPECT_EQ(refer(a_namespace(), "\\host").error(), NtStatus::kNotFound);
}

}  // namespace
}  // namespace holdfast::core
