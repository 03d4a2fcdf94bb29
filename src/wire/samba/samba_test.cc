// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/samba/dos_attrib.h"
#include "wire/samba/nt_acl.h"

namespace holdfast::wire::samba {
namespace {

ByteVec from_hex(std::string_view text) {
  auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  ByteVec out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return out;
}

constexpr std::uint64_t kTime = 0x01dd8ab8c8a14300;

TEST(DosAttrib, GoldenOctetsOfSmbd) {
  ByteVec golden = from_hex("00000500050000001100000023000000a414a1c8b87add01");
  Result<DosAttrib> x = decode_dos_attrib(golden);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->valid_flags, 0x11u);
  EXPECT_EQ(x->attributes, 0x23u);
  EXPECT_EQ(x->create_time.ticks, 0x01dd7ab8c8a114a4u);
  EXPECT_EQ(encode(*x), golden);
}

TEST(DosAttrib, OlderVersions) {
  const char* versions[] = {
      "3078323200000100010000002200000003000000554433221100000077660000000000000043a1c8b88add01"
      "0143a1c8b88add01",
      "307832320000020002000000070000002200000003000000554433221100000077660000000000000043a1c8"
      "b88add010143a1c8b88add010243a1c8b88add016e6d00",
      "307832320000030003000000110000002200000003000000554433221100000077660000000000000043a1c8"
      "b88add010143a1c8b88add01",
      "0000040004000000110000002200000005000000000000000043a1c8b88add01",
      "000005000500000011000000220000000043a1c8b88add01"};
  for (const char* text : versions) {
    ByteVec octets = from_hex(text);
    Result<DosAttrib> x = decode_dos_attrib(octets);
    ASSERT_TRUE(x) << text;
    EXPECT_TRUE(x->has_attributes());
    EXPECT_TRUE(x->has_create_time());
    EXPECT_EQ(x->attributes, 0x22u);
    EXPECT_EQ(x->create_time.ticks, kTime);
    // The name at the end of version 2 does not matter.
    std::size_t least = text == versions[1] ? octets.size() - 3 : octets.size();
    for (std::size_t n = 0; n < least; ++n) {
      ByteVec cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n));
      Result<DosAttrib> y = decode_dos_attrib(cut);
      // What is left of the text in front is a value of the oldest form.
      if (y) EXPECT_FALSE(y->has_create_time()) << text << " " << n;
    }
  }
}

TEST(DosAttrib, Text) {
  Result<DosAttrib> x = decode_dos_attrib(as_bytes("0x22"));
  ASSERT_TRUE(x);
  EXPECT_EQ(x->attributes, 0x22u);
  EXPECT_FALSE(x->has_create_time());
  for (const char* bad : {"", "22", "0x", "0xg", "0x123456789"})
    EXPECT_FALSE(decode_dos_attrib(as_bytes(bad))) << bad;
}

/// As written by smbd 4.17 for a file of mode 0775 on a share with acl_xattr.
const char kSmbd[] =
    "0400040000000200040002000100c2a928e1089e41ca2dc343fed0ed612cdc07e8d60642c526a21a9580200f5366"
    "0000000000000000000000000000000000000000000000000000000000000000706f7369785f61636c00fe43a1c8"
    "b87add015dd2b193e43b4dc35157ee98c7526c731dd3e007cf250e67358da2c7ca90748e00000000000000000000"
    "0000000000000000000000000000000000000000000001000480b4000000d000000000000000ec00000001050000"
    "0000000515000000855452fa41492df92b14223ee9030000010500000000000515000000855452fa41492df92b14"
    "223e01020000020064000300000000002400ff011f00010500000000000515000000855452fa41492df92b14223e"
    "e903000000002400a9001200010500000000000515000000855452fa41492df92b14223e0102000000001400a900"
    "1200010100000000000100000000";

TEST(NtAcl, GoldenOctetsOfSmbd) {
  ByteVec golden = from_hex(kSmbd);
  Result<NtAcl> x = decode_nt_acl(golden);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->version, 4);
  EXPECT_EQ(x->hash_type, NtAcl::kHashSha256);
  EXPECT_EQ(x->description, "posix_acl");
  EXPECT_EQ(x->time.ticks, 0x01dd7ab8c8a143feu);
  EXPECT_EQ(to_sddl(x->descriptor),
            "O:S-1-5-21-4199699589-4180494657-1042420779-1001"
            "G:S-1-5-21-4199699589-4180494657-1042420779-513"
            "D:(A;;FA;;;S-1-5-21-4199699589-4180494657-1042420779-1001)"
            "(A;;0x1200a9;;;S-1-5-21-4199699589-4180494657-1042420779-513)(A;;0x1200a9;;;WD)");
  EXPECT_EQ(encode(*x), golden);
}

std::string counted(int first, int last) {
  std::string hex;
  for (int i = first; i <= last; ++i) {
    hex += "0123456789abcdef"[i >> 4];
    hex += "0123456789abcdef"[i & 15];
  }
  return hex;
}

/// O:BAG:BUD:(A;;FA;;;WD) behind each version's header, as Samba's NDR library writes it.
const std::string kTail =
    "010200000000000520000000200200000102000000000005200000002102000004001c000100000000001400ff01"
    "0000010100000000000100000000";

TEST(NtAcl, EveryVersion) {
  const std::string versions[] = {
      "0100010000000200"
      "010004801c0000002c000000000000003c000000" +
          kTail,
      "02000200000002000400020"
      "0" +
          counted(1, 16) + "0100048030000000400000000000000050000000" + kTail,
      "0300030000000200040002000100" + counted(1, 64) +
          "00000100048064000000740000000000000084000000" + kTail,
      "0400040000000200040002000100" + counted(1, 64) +
          "61620000000000"
          "43a1c8b88add01" +
          counted(65, 128) + "01000480b0000000c000000000000000d0000000" + kTail};
  std::uint16_t version = 1;
  for (const std::string& text : versions) {
    ByteVec octets = from_hex(text);
    Result<NtAcl> x = decode_nt_acl(octets);
    ASSERT_TRUE(x) << version;
    EXPECT_EQ(x->version, version);
    EXPECT_EQ(to_sddl(x->descriptor.dacl.value()), "(A;;0x1ff;;;WD)");
    EXPECT_EQ(x->descriptor.owner, sids::kBuiltinAdministrators);
    if (version == 4) {
      EXPECT_EQ(x->description, "ab");
      EXPECT_EQ(x->time.ticks, kTime);
      EXPECT_EQ(x->system_acl_hash[63], 128);
    }
    ByteVec written = encode(*x);
    Result<NtAcl> again = decode_nt_acl(written);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *x);
    // Samba's library gives ACLs revision 4 and the same order.
    EXPECT_EQ(written, octets);
    for (std::size_t n = 0; n < octets.size(); ++n)
      EXPECT_FALSE(
          decode_nt_acl(ByteVec(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n))));
    ++version;
  }
}

TEST(NtAcl, RefusesOtherVersions) {
  ByteVec octets = from_hex(kSmbd);
  octets[0] = octets[2] = 5;
  EXPECT_FALSE(decode_nt_acl(octets));
  octets[0] = 4;
  EXPECT_FALSE(decode_nt_acl(octets));
}

}  // namespace
}  // namespace holdfast::wire::samba
