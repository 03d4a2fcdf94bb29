// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wire/dtyp/security_descriptor.h"
#include "wire/dtyp/sid_codec.h"

namespace holdfast::wire::dtyp {
namespace {

ByteVec from_hex(std::string_view text) {
  auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  ByteVec out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return out;
}

/// O:BAG:BUD:(A;;FA;;;WD), as Samba's NDR library writes it.
const char kGolden[] =
    "0100048014000000240000000000000034000000010200000000000520000000200200000102000000000005"
    "200000002102000002001c000100000000001400ff011f00010100000000000100000000";

SecurityDescriptor rich() {
  SecurityDescriptor sd;
  sd.owner = Sid(5, {21, 1, 2, 3, 1000});
  sd.group = sids::kBuiltinUsers;
  Acl dacl;
  dacl.revision = Acl::kRevisionDs;
  dacl.aces.push_back({.type = AceType::kAccessDenied,
                       .flags = ace_flags::kInherited,
                       .mask = access::kDelete,
                       .sid = sids::kEveryone});
  dacl.aces.push_back({.type = AceType::kAccessAllowedObject,
                       .mask = 1,
                       .sid = sids::kEveryone,
                       .object_flags = 3,
                       .object_type = Guid{{1, 2}},
                       .inherited_object_type = Guid{{3, 4}}});
  dacl.aces.push_back({.type = AceType::kAccessAllowedCallback,
                       .mask = 1,
                       .sid = sids::kEveryone,
                       .application_data = {'a', 'r', 't', 'x', 1, 2, 3, 4}});
  dacl.aces.push_back({.type = static_cast<AceType>(0x55), .application_data = {1, 2, 3, 4}});
  sd.set_dacl(dacl);
  Acl sacl;
  sacl.aces.push_back({.type = AceType::kSystemMandatoryLabel, .mask = 1, .sid = Sid(16, {8192})});
  sacl.aces.push_back({.type = AceType::kSystemResourceAttribute,
                       .sid = sids::kEveryone,
                       .application_data = ByteVec(24, 7)});
  sd.set_sacl(sacl);
  sd.control |= control::kDaclProtected;
  return sd;
}

TEST(Sid, IsReadAsItIsWritten) {
  Buffer b;
  Writer w(b);
  Sid sid(0x123456789ABC, {1, 2, 0xFFFFFFFF});
  append(sid, w);
  EXPECT_EQ(b.size(), size_of(sid));
  EXPECT_EQ(b.view()[2], 0x12);
  EXPECT_EQ(b.view()[7], 0xBC);
  Reader r(b.view());
  EXPECT_EQ(read_sid(r), sid);
  for (std::size_t n = 0; n < b.size(); ++n) {
    Reader cut(b.view().first(n));
    EXPECT_FALSE(read_sid(cut)) << n;
  }
}

TEST(SecurityDescriptor, GoldenOctets) {
  ByteVec golden = from_hex(kGolden);
  Result<SecurityDescriptor> sd = decode_security_descriptor(golden);
  ASSERT_TRUE(sd);
  EXPECT_EQ(to_sddl(*sd), "O:BAG:BUD:(A;;FA;;;WD)");
  EXPECT_EQ(encode(*sd), golden);
}

TEST(SecurityDescriptor, RoundTripOfEveryKindOfAce) {
  SecurityDescriptor sd = rich();
  ByteVec octets = encode(sd);
  EXPECT_EQ(octets.size(), size_of(sd));
  Result<SecurityDescriptor> back = decode_security_descriptor(octets);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, sd);
}

TEST(SecurityDescriptor, EveryTruncationIsRefused) {
  ByteVec octets = encode(rich());
  for (std::size_t n = 0; n < octets.size(); ++n) {
    ByteVec cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(decode_security_descriptor(cut)) << n;
  }
}

TEST(SecurityDescriptor, EveryChangedOctetIsSurvived) {
  ByteVec octets = encode(rich());
  for (std::size_t i = 0; i < octets.size(); ++i)
    for (std::uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      ByteVec changed = octets;
      changed[i] = value;
      Result<SecurityDescriptor> sd = decode_security_descriptor(changed);
      if (sd) EXPECT_TRUE(decode_security_descriptor(encode(*sd)));
    }
}

TEST(SecurityDescriptor, AbsentNullAndEmptyDaclDiffer) {
  SecurityDescriptor absent, null, empty;
  null.set_dacl(std::nullopt);
  empty.set_dacl(Acl{});
  for (const SecurityDescriptor& sd : {absent, null, empty}) {
    Result<SecurityDescriptor> back = decode_security_descriptor(encode(sd));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, sd);
  }
  EXPECT_NE(encode(absent), encode(null));
  EXPECT_NE(encode(null), encode(empty));
  EXPECT_EQ(to_sddl(absent), "");
  EXPECT_EQ(to_sddl(null), "D:NO_ACCESS_CONTROL");
  EXPECT_EQ(to_sddl(empty), "D:");
}

TEST(SecurityDescriptor, RefusesWhatItDoesNotKnow) {
  ByteVec octets = from_hex(kGolden);
  ByteVec changed = octets;
  changed[0] = 2;
  EXPECT_EQ(decode_security_descriptor(changed).error(), NtStatus::kUnknownRevision);
  changed = octets;
  changed[20] = 3;
  EXPECT_EQ(decode_security_descriptor(changed).error(), NtStatus::kInvalidSid);
  changed = octets;
  changed[52] = 9;
  EXPECT_EQ(decode_security_descriptor(changed).error(), NtStatus::kUnknownRevision);
  changed = octets;
  changed[4] = 8;
  EXPECT_EQ(decode_security_descriptor(changed).error(), NtStatus::kInvalidSecurityDescr);
  changed = octets;
  changed[56] = 200;
  EXPECT_EQ(decode_security_descriptor(changed).error(), NtStatus::kInvalidAcl);
}

TEST(SecurityDescriptor, SddlNamesTheRest) {
  EXPECT_EQ(to_sddl(rich()),
            "O:S-1-5-21-1-2-3-1000G:BUD:P(D;ID;0x10000;;;WD)"
            "(OA;;0x1;00000201-0000-0000-0000-000000000000;00000403-0000-0000-0000-000000000000;WD)"
            "(XA;;0x1;;;WD;[8 octets])(0x55;;;;;[4 octets])"
            "S:(ML;;0x1;;;S-1-16-8192)(RA;;0x0;;;WD;[24 octets])");
}

}  // namespace
}  // namespace holdfast::wire::dtyp
