// SPDX-License-Identifier: Apache-2.0
#include "wire/dfsc/referral.h"

#include <gtest/gtest.h>

namespace holdfast::wire::dfsc {
namespace {

template <class... Args>
ByteVec octets_of(const Args&... args) {
  Buffer out;
  Writer w(out);
  append(args..., w);
  return to_vec(out);
}

ReferralResponse link() {
  ReferralResponse x;
  x.path_consumed = 34;
  x.header_flags = ReferralResponse::kStorageServers;
  x.time_to_live_s = 600;
  x.dfs_path = "\\host\\dfs\\link";
  x.referrals = {{"\\a\\b", false}, {"\\c\\d\\e", false}};
  return x;
}

TEST(Referral, RequestOctets) {
  ByteVec octets = octets_of(ReferralRequest{3, "\\s", ""});
  EXPECT_EQ(octets, (ByteVec{3, 0, '\\', 0, 's', 0, 0, 0}));
  EXPECT_EQ(*decode_request(octets), (ReferralRequest{3, "\\s", ""}));
  EXPECT_FALSE(decode_request(Bytes(octets).first(6)));
  EXPECT_FALSE(decode_request(Bytes(octets).first(1)));
}

TEST(Referral, RequestExWithSite) {
  ByteVec octets = {4, 0, 1, 0, 12, 0, 0, 0, 6, 0, '\\', 0, 's', 0, 0, 0, 2, 0, 'x', 0};
  EXPECT_EQ(*decode_request_ex(octets), (ReferralRequest{4, "\\s", "x"}));
  octets[4] = 13;
  EXPECT_FALSE(decode_request_ex(octets));
}

TEST(Referral, VersionsThereAndBack) {
  for (std::uint16_t version = 2; version <= 5; ++version) {
    Result<ReferralResponse> back = decode_response(octets_of(link(), version));
    ASSERT_TRUE(back) << version;
    EXPECT_EQ(*back, link()) << version;
  }
}

// MS-DFSC 2.2.4, 2.2.5.3: header of 8, entries of 34, then the strings.
TEST(Referral, LayoutOfVersion3) {
  ByteVec octets = octets_of(link(), std::uint16_t{3});
  EXPECT_EQ(load_u16(octets.data() + 2), 2u);
  EXPECT_EQ(load_u16(octets.data() + 8), 3u);
  EXPECT_EQ(load_u16(octets.data() + 10), 34u);
  EXPECT_EQ(load_u32(octets.data() + 16), 600u);
  // Offsets count from their entry; the second entry begins 34 later.
  EXPECT_EQ(load_u16(octets.data() + 20), 68u);
  EXPECT_EQ(load_u16(octets.data() + 34 + 20), 34u);
  EXPECT_EQ(octets[8 + 68], '\\');
}

TEST(Referral, Version1HasTheNameInTheEntry) {
  ByteVec octets = octets_of(link(), std::uint16_t{0});
  EXPECT_EQ(load_u16(octets.data() + 8), 1u);
  EXPECT_EQ(load_u16(octets.data() + 10), 18u);
  EXPECT_EQ(octets[16], '\\');
  EXPECT_EQ(octets.size(), 8u + 18 + 22);
}

TEST(Referral, CutAnywhereIsRefused) {
  ByteVec octets = octets_of(link(), std::uint16_t{4});
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(decode_response(Bytes(octets).first(size))) << size;
}

}  // namespace
}  // namespace holdfast::wire::dfsc
