// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/access/access_check.h"
#include "core/access/inheritance.h"
#include "core/access/posix_mode.h"
#include "core/access/security_information.h"

namespace holdfast::core {
namespace {

using wire::dtyp::Ace;
using wire::dtyp::AceType;
using wire::dtyp::Acl;
using wire::dtyp::SecurityDescriptor;
using wire::dtyp::to_sddl;
namespace access = wire::dtyp::access;
namespace ace_flags = wire::dtyp::ace_flags;
namespace control = wire::dtyp::control;
namespace part = wire::dtyp::security_information;

constexpr std::uint8_t kOi = ace_flags::kObjectInherit, kCi = ace_flags::kContainerInherit,
                       kNp = ace_flags::kNoPropagateInherit, kIo = ace_flags::kInheritOnly,
                       kId = ace_flags::kInherited;

const Sid kAlice(5, {21, 1, 2, 3, 1000});
const Sid kBob(5, {21, 1, 2, 3, 1001});
const Sid kStaff(5, {21, 1, 2, 3, 2000});

AccessToken token_of(const Sid& user) {
  AccessToken token{.user = user, .primary_group = kStaff, .groups = {kStaff}};
  add_well_known_groups(token, false);
  return token;
}

Ace allow(const Sid& sid, AccessMask mask, std::uint8_t flags = 0) {
  return {.type = AceType::kAccessAllowed, .flags = flags, .mask = mask, .sid = sid};
}
Ace deny(const Sid& sid, AccessMask mask, std::uint8_t flags = 0) {
  return {.type = AceType::kAccessDenied, .flags = flags, .mask = mask, .sid = sid};
}

SecurityDescriptor owned(const Sid& owner, std::vector<Ace> aces) {
  SecurityDescriptor sd;
  sd.owner = owner;
  sd.group = kStaff;
  sd.set_dacl(Acl{.revision = 2, .aces = std::move(aces)});
  return sd;
}

TEST(AccessCheck, AllowsWhatIsNamedAndNoMore) {
  SecurityDescriptor sd = owned(kAlice, {allow(kBob, access::kReadData)});
  EXPECT_EQ(access_check(sd, token_of(kBob), access::kReadData), access::kReadData);
  EXPECT_EQ(access_check(sd, token_of(kBob), access::kReadData | access::kWriteData).error(),
            NtStatus::kAccessDenied);
  EXPECT_EQ(access_check(sd, token_of(kBob), access::kMaximumAllowed), access::kReadData);
  EXPECT_EQ(access_check(sd, token_of(Sid(5, {1})), access::kMaximumAllowed).error(),
            NtStatus::kAccessDenied);
  EXPECT_EQ(access_check(sd, token_of(kBob), AccessMask{0}), 0u);
}

TEST(AccessCheck, FirstAceDecides) {
  SecurityDescriptor denied = owned(
      kAlice,
      {deny(kBob, access::kWriteData), allow(kStaff, access::kReadData | access::kWriteData)});
  EXPECT_EQ(maximum_access(denied, token_of(kBob)), access::kReadData);
  SecurityDescriptor allowed = owned(kAlice, {allow(kStaff, access::kReadData | access::kWriteData),
                                              deny(kBob, access::kWriteData)});
  EXPECT_EQ(maximum_access(allowed, token_of(kBob)), access::kReadData | access::kWriteData);
}

TEST(AccessCheck, AbsentNullAndEmptyDacl) {
  SecurityDescriptor sd = owned(kAlice, {});
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), 0u);
  EXPECT_EQ(maximum_access(sd, token_of(kAlice)), access::kReadControl | access::kWriteDac);
  sd.set_dacl(std::nullopt);
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), access::kFileAll);
  sd.clear_dacl();
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), access::kFileAll);
}

TEST(AccessCheck, OwnerCanAlwaysRepair) {
  SecurityDescriptor sd = owned(kAlice, {deny(sids::kEveryone, access::kFileAll)});
  EXPECT_EQ(maximum_access(sd, token_of(kAlice)), access::kReadControl | access::kWriteDac);
}

TEST(AccessCheck, OwnerRightsReplaceWhatTheOwnerHas) {
  SecurityDescriptor sd = owned(kAlice, {allow(sids::kOwnerRights, access::kReadData)});
  EXPECT_EQ(maximum_access(sd, token_of(kAlice)), access::kReadData);
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), 0u);
  sd.dacl->aces[0].flags = kIo | kOi;
  EXPECT_EQ(maximum_access(sd, token_of(kAlice)), access::kReadControl | access::kWriteDac);
}

TEST(AccessCheck, InheritOnlyAuditAndConditionalAces) {
  Ace conditional = allow(kBob, access::kFileAll);
  conditional.type = AceType::kAccessAllowedCallback;
  Ace audit = allow(kBob, access::kFileAll);
  audit.type = AceType::kSystemAudit;
  SecurityDescriptor sd =
      owned(kAlice, {allow(kBob, access::kFileAll, kOi | kIo), conditional, audit});
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), 0u);
  Ace conditional_deny = deny(kBob, access::kReadData);
  conditional_deny.type = AceType::kAccessDeniedCallback;
  sd = owned(kAlice, {conditional_deny, allow(kBob, access::kReadData | access::kWriteData)});
  EXPECT_EQ(maximum_access(sd, token_of(kBob)), access::kWriteData);
}

TEST(AccessCheck, ObjectAces) {
  Ace plain = allow(kBob, access::kReadData);
  plain.type = AceType::kAccessAllowedObject;
  Ace typed = allow(kBob, access::kWriteData);
  typed.type = AceType::kAccessAllowedObject;
  typed.object_flags = Ace::kObjectTypePresent;
  EXPECT_EQ(maximum_access(owned(kAlice, {plain, typed}), token_of(kBob)), access::kReadData);
}

TEST(AccessCheck, GenericRightsAreMappedOnBothSides) {
  SecurityDescriptor sd = owned(kAlice, {allow(kBob, access::kGenericRead)});
  EXPECT_EQ(access_check(sd, token_of(kBob), access::kGenericRead), access::kFileGenericRead);
  EXPECT_FALSE(access_check(sd, token_of(kBob), access::kGenericWrite));
  EXPECT_EQ(map_generic(access::kGenericAll), access::kFileAll);
}

TEST(AccessCheck, Privileges) {
  SecurityDescriptor sd = owned(kAlice, {});
  AccessToken token = token_of(kBob);
  EXPECT_EQ(access_check(sd, token, access::kAccessSystemSecurity).error(),
            NtStatus::kPrivilegeNotHeld);
  make_administrator(token);
  EXPECT_EQ(access_check(sd, token, access::kAccessSystemSecurity), access::kAccessSystemSecurity);
  EXPECT_EQ(access_check(sd, token, access::kWriteOwner), access::kWriteOwner);
  EXPECT_FALSE(access_check(sd, token, access::kReadData));
  EXPECT_TRUE(access_check(sd, token, {.desired = access::kReadData, .backup_intent = true}));
  EXPECT_TRUE(access_check(sd, token, {.desired = access::kDelete, .backup_intent = true}));
  EXPECT_TRUE(access_check(sd, token_of(kBob),
                           {.desired = access::kDelete, .granted_before = access::kDelete}));
}

// What a child gets for each combination of flags on the parent's ACE, as MS-DTYP 2.5.3.4 has it.
TEST(Inheritance, Flags) {
  struct Row {
    std::uint8_t parent;
    int file, directory;  // flags beside INHERITED_ACE; -1 = no ACE
  };
  const Row rows[] = {{0, -1, -1},
                      {kOi, 0, kOi | kIo},
                      {kCi, -1, kCi},
                      {kOi | kCi, 0, kOi | kCi},
                      {kOi | kNp, 0, -1},
                      {kCi | kNp, -1, 0},
                      {kOi | kCi | kNp, 0, 0},
                      {kIo, -1, -1},
                      {kOi | kIo, 0, kOi | kIo},
                      {kCi | kIo, -1, kCi},
                      {kOi | kCi | kIo, 0, kOi | kCi},
                      {kOi | kNp | kIo, 0, -1},
                      {kCi | kNp | kIo, -1, 0},
                      {kOi | kCi | kNp | kIo, 0, 0}};
  for (const Row& row : rows) {
    SCOPED_TRACE(static_cast<int>(row.parent));
    Acl parent{.revision = 2, .aces = {allow(kBob, access::kReadData, row.parent)}};
    for (bool is_directory : {false, true}) {
      int expected = is_directory ? row.directory : row.file;
      Acl child = inherited_acl(parent, kAlice, kStaff, is_directory);
      ASSERT_EQ(child.aces.size(), expected < 0 ? 0u : 1u);
      EXPECT_EQ(has_inheritable(parent, is_directory), expected >= 0);
      if (expected < 0) continue;
      EXPECT_EQ(child.aces[0].flags, expected | kId);
      EXPECT_EQ(child.aces[0].sid, kBob);
    }
  }
}

TEST(Inheritance, CreatorOwnerBecomesTheOwnerAndStaysForGrandchildren) {
  Acl parent{.revision = 2,
             .aces = {allow(sids::kCreatorOwner, access::kGenericAll, kOi | kCi | kIo),
                      allow(sids::kCreatorGroup, access::kReadData, kCi | kNp)}};
  EXPECT_EQ(to_sddl(inherited_acl(parent, kAlice, kStaff, false)),
            "(A;ID;FA;;;" + kAlice.to_string() + ")");
  EXPECT_EQ(to_sddl(inherited_acl(parent, kAlice, kStaff, true)),
            "(A;ID;FA;;;" + kAlice.to_string() + ")(A;CIOIIOID;GA;;;CO)(A;ID;0x1;;;" +
                kStaff.to_string() + ")");
}

TEST(Inheritance, NewObjectWithoutAnythingGetsTheDefault) {
  Result<SecurityDescriptor> sd =
      descriptor_of_new_object(nullptr, nullptr, token_of(kAlice), false);
  ASSERT_TRUE(sd);
  EXPECT_EQ(*sd, default_descriptor(token_of(kAlice)));
  EXPECT_EQ(sd->owner, kAlice);
  EXPECT_EQ(maximum_access(*sd, token_of(kAlice)), access::kFileAll);
  EXPECT_EQ(maximum_access(*sd, token_of(kBob)), 0u);
  SecurityDescriptor nothing_inheritable = owned(kBob, {allow(kBob, access::kFileAll)});
  EXPECT_EQ(descriptor_of_new_object(&nothing_inheritable, nullptr, token_of(kAlice), true), *sd);
}

TEST(Inheritance, MarksInheritedOnlyBelowAutoInherited) {
  SecurityDescriptor parent = owned(kBob, {allow(kBob, access::kFileAll, kOi | kCi)});
  Result<SecurityDescriptor> sd =
      descriptor_of_new_object(&parent, nullptr, token_of(kAlice), false);
  EXPECT_EQ(sd->dacl->aces[0].flags, 0);
  EXPECT_EQ(sd->control & control::kDaclAutoInherited, 0);
  parent.control |= control::kDaclAutoInherited;
  sd = descriptor_of_new_object(&parent, nullptr, token_of(kAlice), false);
  EXPECT_EQ(sd->dacl->aces[0].flags, kId);
  EXPECT_NE(sd->control & control::kDaclAutoInherited, 0);
}

TEST(Inheritance, CreatorsDaclIsMergedBelowAutoInheritedUnlessProtected) {
  SecurityDescriptor parent = owned(kBob, {allow(kBob, access::kReadData, kOi | kCi)});
  SecurityDescriptor creator;
  creator.set_dacl(
      Acl{.revision = 2,
          .aces = {allow(kAlice, access::kGenericRead), allow(kStaff, access::kReadData, kId)}});
  Result<SecurityDescriptor> sd =
      descriptor_of_new_object(&parent, &creator, token_of(kAlice), false);
  EXPECT_EQ(to_sddl(*sd->dacl), "(A;;FR;;;" + kAlice.to_string() + ")");
  parent.control |= control::kDaclAutoInherited;
  sd = descriptor_of_new_object(&parent, &creator, token_of(kAlice), false);
  EXPECT_EQ(to_sddl(*sd->dacl),
            "(A;;FR;;;" + kAlice.to_string() + ")(A;ID;0x1;;;" + kBob.to_string() + ")");
  creator.control |= control::kDaclProtected;
  sd = descriptor_of_new_object(&parent, &creator, token_of(kAlice), false);
  EXPECT_EQ(sd->dacl->aces.size(), 2u);
  EXPECT_EQ(sd->dacl->aces[1].sid, kStaff);
  EXPECT_NE(sd->control & control::kDaclProtected, 0);
  creator.set_dacl(std::nullopt);
  sd = descriptor_of_new_object(&parent, &creator, token_of(kAlice), false);
  EXPECT_TRUE(sd->dacl_present() && !sd->dacl);
}

TEST(Inheritance, OwnerAndSaclOfTheCreatorNeedTheRightTo) {
  SecurityDescriptor creator;
  creator.owner = kBob;
  AccessToken alice = token_of(kAlice);
  EXPECT_EQ(descriptor_of_new_object(nullptr, &creator, alice, false).error(),
            NtStatus::kInvalidOwner);
  creator.owner = sids::kBuiltinAdministrators;
  EXPECT_FALSE(descriptor_of_new_object(nullptr, &creator, alice, false));
  alice.groups.push_back(sids::kBuiltinAdministrators);
  EXPECT_EQ(descriptor_of_new_object(nullptr, &creator, alice, false)->owner,
            sids::kBuiltinAdministrators);
  creator.set_sacl(Acl{});
  EXPECT_EQ(descriptor_of_new_object(nullptr, &creator, alice, false).error(),
            NtStatus::kPrivilegeNotHeld);
}

TEST(Inheritance, TooLongAListIsRefused) {
  SecurityDescriptor parent = owned(kBob, {});
  // 1,500 ACEs of 36 octets fit; each becomes two below a directory.
  for (int i = 0; i < 1500; ++i)
    parent.dacl->aces.push_back(allow(sids::kCreatorOwner, access::kReadData, kOi | kCi));
  EXPECT_EQ(descriptor_of_new_object(&parent, nullptr, token_of(kAlice), true).error(),
            NtStatus::kInvalidAcl);
  EXPECT_TRUE(descriptor_of_new_object(&parent, nullptr, token_of(kAlice), false));
}

TEST(SecurityInformation, RightsForEachPart) {
  EXPECT_EQ(access_to_query_security(part::kOwner | part::kDacl), access::kReadControl);
  EXPECT_EQ(access_to_query_security(part::kSacl), access::kAccessSystemSecurity);
  EXPECT_EQ(access_to_query_security(part::kLabel), access::kReadControl);
  EXPECT_EQ(access_to_set_security(part::kOwner), access::kWriteOwner);
  EXPECT_EQ(access_to_set_security(part::kDacl | part::kProtectedDacl), access::kWriteDac);
  EXPECT_EQ(access_to_set_security(part::kBackup),
            access::kWriteDac | access::kWriteOwner | access::kAccessSystemSecurity);
}

SecurityDescriptor with_sacl() {
  SecurityDescriptor sd = owned(kAlice, {allow(kBob, 1)});
  Ace audit = allow(sids::kEveryone, 1);
  audit.type = AceType::kSystemAudit;
  Ace label = allow(Sid(16, {8192}), 1);
  label.type = AceType::kSystemMandatoryLabel;
  sd.set_sacl(Acl{.revision = 2, .aces = {audit, label}});
  return sd;
}

TEST(SecurityInformation, SelectsParts) {
  SecurityDescriptor sd = with_sacl();
  SecurityDescriptor owner = select_parts(sd, part::kOwner);
  EXPECT_EQ(to_sddl(owner), "O:" + kAlice.to_string());
  EXPECT_EQ(to_sddl(select_parts(sd, part::kDacl)), "D:(A;;0x1;;;" + kBob.to_string() + ")");
  EXPECT_EQ(to_sddl(select_parts(sd, part::kSacl)), "S:(AU;;0x1;;;WD)");
  EXPECT_EQ(to_sddl(select_parts(sd, part::kLabel)), "S:(ML;;0x1;;;S-1-16-8192)");
  EXPECT_EQ(select_parts(sd, part::kBackup), sd);
}

TEST(SecurityInformation, AppliesOnlyTheNamedParts) {
  SecurityDescriptor current = with_sacl();
  SecurityDescriptor given = owned(kBob, {allow(kBob, access::kGenericAll)});
  AccessToken alice = token_of(kAlice);
  Result<SecurityDescriptor> sd =
      apply_security(current, given, part::kDacl, alice, nullptr, false);
  ASSERT_TRUE(sd);
  EXPECT_EQ(sd->owner, kAlice);
  EXPECT_EQ(sd->sacl, current.sacl);
  EXPECT_EQ(sd->dacl->aces[0].mask, access::kFileAll);
  EXPECT_EQ(apply_security(current, given, part::kOwner, alice, nullptr, false).error(),
            NtStatus::kInvalidOwner);
  EXPECT_EQ(apply_security(current, given, part::kSacl, alice, nullptr, false).error(),
            NtStatus::kPrivilegeNotHeld);
  alice.restore_privilege = true;
  EXPECT_EQ(apply_security(current, given, part::kOwner, alice, nullptr, false)->owner, kBob);
  SecurityDescriptor nobody;
  EXPECT_EQ(apply_security(current, nobody, part::kGroup, alice, nullptr, false).error(),
            NtStatus::kInvalidParameter);
  sd = apply_security(current, nobody, part::kDacl, alice, nullptr, false);
  EXPECT_TRUE(sd->dacl_present());
  EXPECT_FALSE(sd->dacl);
}

TEST(SecurityInformation, LabelAndAuditAreSetApart) {
  SecurityDescriptor current = with_sacl();
  SecurityDescriptor given;
  Ace label = allow(Sid(16, {4096}), 1);
  label.type = AceType::kSystemMandatoryLabel;
  given.set_sacl(Acl{.revision = 2, .aces = {label}});
  AccessToken alice = token_of(kAlice);
  Result<SecurityDescriptor> sd =
      apply_security(current, given, part::kLabel, alice, nullptr, false);
  ASSERT_TRUE(sd);
  EXPECT_EQ(to_sddl(*sd->sacl), "(ML;;0x1;;;S-1-16-4096)(AU;;0x1;;;WD)");
  alice.security_privilege = true;
  sd = apply_security(current, given, part::kSacl, alice, nullptr, false);
  EXPECT_EQ(to_sddl(*sd->sacl), "(ML;;0x1;;;S-1-16-8192)");
}

TEST(SecurityInformation, AutoInheritedNeedsTheRequest) {
  SecurityDescriptor current = owned(kAlice, {});
  AccessToken alice = token_of(kAlice);
  for (int i = 0; i < 4; ++i) {
    SecurityDescriptor given = owned(kAlice, {allow(kBob, 1, kId), deny(kBob, 2)});
    if (i & 1) given.control |= control::kDaclAutoInherited;
    if (i & 2) given.control |= control::kDaclAutoInheritReq;
    Result<SecurityDescriptor> sd =
        apply_security(current, given, part::kDacl, alice, nullptr, false);
    EXPECT_EQ((sd->control & control::kDaclAutoInherited) != 0, i == 3) << i;
    EXPECT_EQ(sd->control & control::kDaclAutoInheritReq, 0);
    EXPECT_EQ(sd->dacl->aces[0].sid, kBob);
    EXPECT_EQ(sd->dacl->aces[0].flags, kId);
  }
}

TEST(SecurityInformation, ProtectionComesAndGoes) {
  AccessToken alice = token_of(kAlice);
  SecurityDescriptor current = owned(kAlice, {});
  SecurityDescriptor given = owned(kAlice, {allow(kBob, 1)});
  SecurityDescriptor parent = owned(kAlice, {allow(kStaff, 2, kOi)});
  Result<SecurityDescriptor> sd =
      apply_security(current, given, part::kDacl | part::kProtectedDacl, alice, &parent, false);
  EXPECT_NE(sd->control & control::kDaclProtected, 0);
  EXPECT_EQ(sd->dacl->aces.size(), 1u);
  sd = apply_security(*sd, given, part::kDacl | part::kUnprotectedDacl, alice, &parent, false);
  EXPECT_EQ(sd->control & control::kDaclProtected, 0);
  EXPECT_EQ(to_sddl(*sd->dacl),
            "(A;;0x1;;;" + kBob.to_string() + ")(A;ID;0x2;;;" + kStaff.to_string() + ")");
}

// The masks that smbd 4.17 shows for files without a stored descriptor.
TEST(PosixMode, LooksLikeSambas) {
  struct Row {
    std::uint32_t mode;
    bool is_directory;
    AccessMask owner, group, other;
  };
  const Row rows[] = {{0640, false, 0x0012019f, 0x00120089, 0},
                      {0640, true, 0x001201df, 0x00120089, 0},
                      {0755, false, 0x001e01ff, 0x001200a9, 0x001200a9},
                      {0755, true, 0x001f01ff, 0x001200a9, 0x001200a9},
                      {0777, false, 0x001e01ff, 0x001e01ff, 0x001e01ff},
                      {0444, true, 0x00120089, 0x00120089, 0x00120089},
                      {0000, false, 0, 0, 0}};
  for (const Row& row : rows) {
    SecurityDescriptor sd = descriptor_of_mode(row.mode, 1000, 100, SidMapper(), row.is_directory);
    EXPECT_EQ(sd.owner, Sid(22, {1, 1000}));
    EXPECT_EQ(sd.group, Sid(22, {2, 100}));
    EXPECT_EQ(sd.control, control::kSelfRelative | control::kDaclPresent | control::kDaclProtected);
    ASSERT_EQ(sd.dacl->aces.size(), 3u);
    EXPECT_EQ(sd.dacl->aces[0].mask, row.owner);
    EXPECT_EQ(sd.dacl->aces[1].mask, row.group);
    EXPECT_EQ(sd.dacl->aces[2].mask, row.other);
    EXPECT_EQ(sd.dacl->aces[2].sid, sids::kEveryone);
  }
}

TEST(PosixMode, ModeComesBackWhereClassesAreNested) {
  for (std::uint32_t mode = 0; mode <= 0777; ++mode)
    for (bool is_directory : {false, true}) {
      SecurityDescriptor sd = descriptor_of_mode(mode, kAlice, kStaff, is_directory);
      // Everyone's rights are the owner's and the group's too.
      std::uint32_t other = mode & 7;
      EXPECT_EQ(mode_of_descriptor(sd), mode | other << 6 | other << 3) << mode;
    }
  SecurityDescriptor null;
  null.set_dacl(std::nullopt);
  EXPECT_EQ(mode_of_descriptor(null), 0777u);
}

}  // namespace
}  // namespace holdfast::core
