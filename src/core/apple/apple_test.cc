// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/apple/apple_double.h"
#include "core/apple/band_size.h"
#include "core/apple/nfs_aces.h"

namespace holdfast::core::apple {
namespace {

AfpInfo type_and_creator() {
  AfpInfo info;
  std::string_view text = "SMB,OLE!";
  std::copy(text.begin(), text.end(), info.finder_info.begin());
  return info;
}

TEST(SpecialStream, IsKnownByItsNameWhateverItsCase) {
  EXPECT_EQ(special_stream("AFP_AfpInfo"), SpecialStream::kAfpInfo);
  EXPECT_EQ(special_stream("afp_resource"), SpecialStream::kResourceFork);
  EXPECT_EQ(special_stream("AFP_AfpInfo2"), SpecialStream::kNone);
  EXPECT_EQ(special_stream(""), SpecialStream::kNone);
}

TEST(AfpInfo, IsSixtyOctetsBigEndian) {
  auto octets = encode(type_and_creator());
  constexpr std::uint8_t kFront[] = {'A', 'F', 'P', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 0, 0, 0};
  EXPECT_TRUE(equal(Bytes(octets).first(16), kFront));
  EXPECT_EQ(as_text(Bytes(octets).subspan(16, 8)), "SMB,OLE!");
  EXPECT_EQ(decode_afp_info(octets), type_and_creator());
}

TEST(AfpInfo, OfAnotherKindIsNone) {
  auto octets = encode(type_and_creator());
  EXPECT_FALSE(decode_afp_info(Bytes(octets).first(59)));
  octets[3] = 'x';
  EXPECT_FALSE(decode_afp_info(octets));
  octets[3] = 0;
  octets[6] = 2;
  EXPECT_FALSE(decode_afp_info(octets));
}

TEST(AfpInfo, IsReadFromItsBeginningWhereverTheOffset) {
  std::array<std::uint8_t, 80> out{};
  AfpInfo info = type_and_creator();
  EXPECT_EQ(read_afp_info(info, 0, out), 60u);
  EXPECT_EQ(read_afp_info(info, 60, MutBytes(out).first(1)), 1u);
  EXPECT_EQ(out[0], 'A');
  EXPECT_EQ(read_afp_info(info, 61, out), 0u);
}

TEST(AfpInfo, IsWrittenAsAWhole) {
  auto octets = encode(type_and_creator());
  EXPECT_TRUE(written_afp_info(0, octets));
  EXPECT_EQ(written_afp_info(1, octets).error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(written_afp_info(0, Bytes(octets).first(2)).error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(written_afp_info(0, Bytes(octets).first(24)), type_and_creator());
  EXPECT_TRUE(written_afp_info(0, Bytes(octets).first(3))->is_null());
  octets[0] = 0;
  EXPECT_EQ(written_afp_info(0, octets).error(), NtStatus::kInvalidParameter);
  EXPECT_EQ(check_end_of_afp_info(61), NtStatus::kAllottedSpaceExceeded);
  EXPECT_EQ(check_end_of_afp_info(0), NtStatus::kSuccess);
}

TEST(FinderInfo, IsCompressedToWhatIsInUse) {
  FinderInfo info;
  for (std::size_t i = 0; i < info.size(); ++i) info[i] = static_cast<std::uint8_t>(i);
  CompressedFinderInfo expected{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 25, 20, 21, 22, 23};
  EXPECT_EQ(compress(info), expected);
}

TEST(AppleDouble, StandsBesideItsFile) {
  EXPECT_EQ(double_path("a/b"), "a/._b");
  EXPECT_EQ(double_path("b"), "._b");
  EXPECT_EQ(path_of_double("a/._b"), "a/b");
  EXPECT_EQ(path_of_double("a/b"), std::nullopt);
  EXPECT_EQ(path_of_double("._"), std::nullopt);
}

TEST(AppleDouble, HeadThatIsWrittenIsPlain) {
  auto octets = encode_plain_head(0x01020304);
  EXPECT_EQ(octets[kForkLengthAt], 1);
  auto head = decode_double_head(octets);
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->is_plain());
  EXPECT_EQ(head->resource_fork, (Extent{82, 0x01020304}));
  EXPECT_FALSE(decode_double_head(Bytes(octets).first(49)));
  octets[0] = 1;
  EXPECT_FALSE(decode_double_head(octets));
}

void put_be(ByteVec& out, std::uint32_t v, int octets) {
  for (int i = octets - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(v >> 8 * i));
}

/// As macOS lays it out, the entry at 50 of its file: FinderInfo, the header, "foo:bar" = "baz".
ByteVec attributes_entry() {
  ByteVec out(34, 0);
  for (std::uint32_t v : {0x41545452u, 0u, 188u, 134u, 3u, 0u, 0u, 0u}) put_be(out, v, 4);
  put_be(out, 0, 2);
  put_be(out, 1, 2);
  put_be(out, 50 + 34 + 36 + 20, 4);
  put_be(out, 3, 4);
  put_be(out, 0, 2);
  out.push_back(8);
  for (char c : std::string_view("foo:bar\0", 8)) out.push_back(static_cast<std::uint8_t>(c));
  out.push_back(0);
  for (char c : std::string_view("baz")) out.push_back(static_cast<std::uint8_t>(c));
  return out;
}

TEST(AppleDouble, HoldsAttributesBehindFinderInfo) {
  ByteVec entry = attributes_entry();
  auto attributes = decode_attributes(entry, 50);
  ASSERT_EQ(attributes.size(), 1u);
  EXPECT_EQ(attributes[0].name, "foo:bar");
  EXPECT_EQ(as_text(attributes[0].value), "baz");
  // A value that leads out of the entry is none.
  entry.pop_back();
  EXPECT_TRUE(decode_attributes(entry, 50).empty());
  EXPECT_TRUE(decode_attributes(Bytes(entry).first(40), 50).empty());
}

TEST(Netatalk, MetadataWhosePartsLieInEachOtherIsMadeAnew) {
  AfpInfo info;
  info.finder_info.fill(7);
  ByteVec bad = encode_netatalk_metadata(info, {});
  // All entries, FinderInfo's too, are said to lie at the very beginning.
  for (std::size_t entry = 0; entry < 8; ++entry)
    std::fill_n(bad.begin() + 26 + static_cast<std::ptrdiff_t>(entry) * 12 + 4, 4, 0);
  ByteVec changed = encode_netatalk_metadata(info, bad);
  std::optional<AfpInfo> now = decode_netatalk_metadata(changed);
  ASSERT_TRUE(now);
  EXPECT_EQ(now->finder_info, info.finder_info);
}

TEST(Netatalk, MetadataKeepsFinderInfoWhereItWas) {
  AfpInfo info = type_and_creator();
  ByteVec fresh = encode_netatalk_metadata(info, {});
  EXPECT_EQ(fresh.size(), 402u);
  EXPECT_EQ(as_text(Bytes(fresh).subspan(122, 8)), "SMB,OLE!");
  EXPECT_EQ(decode_netatalk_metadata(fresh), info);
  fresh[371] = 7;  // AFP file info, which is not ours
  info.finder_info[0] = 'X';
  ByteVec changed = encode_netatalk_metadata(info, fresh);
  EXPECT_EQ(changed[371], 7);
  EXPECT_EQ(decode_netatalk_metadata(changed), info);
  EXPECT_FALSE(decode_netatalk_metadata(Bytes(fresh).first(130)));
}

TEST(NfsAces, AreAddedAndTakenOut) {
  wire::dtyp::SecurityDescriptor sd;
  sd.set_dacl(wire::dtyp::Acl{});
  wire::dtyp::Ace ace;
  ace.sid = sids::kEveryone;
  sd.dacl->aces.push_back(ace);
  wire::dtyp::SecurityDescriptor before = sd;
  add_nfs_aces(sd, 0100644, 10, 20);
  ASSERT_EQ(sd.dacl->aces.size(), 4u);
  EXPECT_EQ(sd.dacl->aces[1].sid.to_string(), "S-1-5-88-3-33188");
  add_nfs_aces(sd, 0100600, 10, 20);
  EXPECT_EQ(sd.dacl->aces.size(), 4u);
  EXPECT_EQ(take_nfs_aces(sd), 0600u);
  EXPECT_EQ(sd, before);
  EXPECT_EQ(take_nfs_aces(sd), std::nullopt);
}

TEST(BandSize, IsTheNumberBehindItsKey) {
  EXPECT_EQ(band_size("<dict>\n <key>band-size</key>\n <integer>8192</integer>\n</dict>"), 8192u);
  EXPECT_EQ(band_size("<key>band-size</key><integer>0</integer>"), std::nullopt);
  EXPECT_EQ(band_size("<key>band-size</key><integer>12"), std::nullopt);
  EXPECT_EQ(band_size("<key>band-size</key><string>12</string>"), std::nullopt);
  EXPECT_EQ(band_size("<key>size</key><integer>12</integer>"), std::nullopt);
  EXPECT_EQ(band_size("<key>band-size</key><integer>99999999999999999999</integer>"), std::nullopt);
  EXPECT_TRUE(is_image_name("Mac.sparsebundle"));
  EXPECT_FALSE(is_image_name("sparsebundle"));
}

}  // namespace
}  // namespace holdfast::core::apple
