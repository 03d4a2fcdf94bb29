// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/access/access_check.h"
#include "core/access/inheritance.h"
#include "core/access/security_information.h"

namespace holdfast::core {
namespace {

using wire::dtyp::Ace;
using wire::dtyp::AceType;
using wire::dtyp::Acl;
using wire::dtyp::SecurityDescriptor;
namespace access = wire::dtyp::access;
namespace ace_flags = wire::dtyp::ace_flags;

const std::vector<Sid>& subjects() {
  static const std::vector<Sid> all = {Sid(5, {21, 1}),    Sid(5, {21, 2}),     Sid(5, {21, 3}),
                                       sids::kEveryone,    sids::kCreatorOwner, sids::kOwnerRights,
                                       sids::kCreatorGroup};
  return all;
}

Sid any_sid() { return *rc::gen::elementOf(subjects()); }

/// Few rights, so that ACEs meet.
AccessMask any_mask() {
  AccessMask mask = 0;
  for (AccessMask right : {access::kReadData, access::kWriteData, access::kDelete,
                           access::kReadControl, access::kWriteDac})
    if (*rc::gen::inRange(0, 2) != 0) mask |= right;
  return mask;
}

Ace any_ace() {
  Ace ace;
  ace.type = *rc::gen::element(AceType::kAccessAllowed, AceType::kAccessDenied,
                               AceType::kAccessAllowedCallback, AceType::kAccessDeniedCallback,
                               AceType::kSystemAudit, AceType::kAccessAllowedObject,
                               AceType::kAccessAllowed, AceType::kAccessDenied);
  if (*rc::gen::inRange(0, 2) != 0) ace.flags = static_cast<std::uint8_t>(*rc::gen::inRange(0, 32));
  ace.mask = any_mask();
  ace.sid = any_sid();
  return ace;
}

Acl any_acl() {
  Acl acl;
  int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) acl.aces.push_back(any_ace());
  return acl;
}

SecurityDescriptor any_descriptor() {
  SecurityDescriptor sd;
  sd.owner = any_sid();
  sd.group = any_sid();
  sd.set_dacl(any_acl());
  return sd;
}

AccessToken any_token() {
  AccessToken token{.user = any_sid(), .primary_group = any_sid()};
  int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) token.groups.push_back(any_sid());
  return token;
}

/// MS-DTYP 2.5.3.2 as it is written: one request, ACE after ACE, until nothing remains.
bool reference_check(const SecurityDescriptor& sd, const AccessToken& token, AccessMask remaining) {
  bool is_owner = token.has(*sd.owner);
  bool owner_rights = false;
  for (const Ace& ace : sd.dacl->aces)
    owner_rights |= ace.sid == sids::kOwnerRights && !ace.has(ace_flags::kInheritOnly) &&
                    ace.type != AceType::kSystemAudit;
  if (is_owner && !owner_rights) remaining &= ~(access::kReadControl | access::kWriteDac);
  for (const Ace& ace : sd.dacl->aces) {
    if (ace.has(ace_flags::kInheritOnly)) continue;
    if (ace.sid == sids::kOwnerRights ? !is_owner : !token.has(ace.sid)) continue;
    if (ace.type == AceType::kAccessAllowed || ace.type == AceType::kAccessAllowedObject)
      remaining &= ~ace.mask;
    if ((ace.type == AceType::kAccessDenied || ace.type == AceType::kAccessDeniedCallback) &&
        (remaining & ace.mask) != 0)
      return false;
  }
  return remaining == 0;
}

RC_GTEST_PROP(AccessCheck, AgreesWithTheSpecificationsLoop, ()) {
  for (int round = 0; round < 30; ++round) {
    SecurityDescriptor sd = any_descriptor();
    AccessToken token = any_token();
    for (int bit = 0; bit < 32; ++bit) {
      AccessMask right = 1u << bit;
      if ((right & access::kFileAll) == 0) continue;
      RC_ASSERT(access_check(sd, token, right).has_value() == reference_check(sd, token, right));
    }
    AccessMask several = any_mask();
    RC_ASSERT(access_check(sd, token, several).has_value() == reference_check(sd, token, several));
  }
}

RC_GTEST_PROP(AccessCheck, MaximumAllowedIsExactlyWhatCanBeHad, ()) {
  SecurityDescriptor sd = any_descriptor();
  AccessToken token = any_token();
  AccessMask maximum = maximum_access(sd, token);
  for (int bit = 0; bit < 32; ++bit) {
    AccessMask right = 1u << bit;
    if ((right & access::kFileAll) == 0) continue;
    RC_ASSERT(access_check(sd, token, right).has_value() == ((maximum & right) != 0));
  }
}

RC_GTEST_PROP(AccessCheck, ADenyNeverGrants, ()) {
  SecurityDescriptor sd = any_descriptor();
  AccessToken token = any_token();
  Ace ace = any_ace();
  ace.type = AceType::kAccessDenied;
  // The first ACE for OWNER RIGHTS takes the owner's implicit rights: still nothing more.
  AccessMask before = maximum_access(sd, token);
  auto at = *rc::gen::inRange<std::size_t>(0, sd.dacl->aces.size() + 1);
  sd.dacl->aces.insert(sd.dacl->aces.begin() + static_cast<std::ptrdiff_t>(at), ace);
  RC_ASSERT((maximum_access(sd, token) & ~before) == 0u);
}

RC_GTEST_PROP(AccessCheck, AnAllowNeverTakes, ()) {
  SecurityDescriptor sd = any_descriptor();
  AccessToken token = any_token();
  Ace ace = any_ace();
  ace.type = AceType::kAccessAllowed;
  RC_PRE(ace.sid != sids::kOwnerRights);
  AccessMask before = maximum_access(sd, token);
  sd.dacl->aces.push_back(ace);
  RC_ASSERT((before & ~maximum_access(sd, token)) == 0u);
}

RC_GTEST_PROP(Inheritance, GenerationsAgree, ()) {
  Acl parent = any_acl();
  Sid owner = subjects()[0], group = subjects()[1];
  Acl child = inherited_acl(parent, owner, group, true);
  for (const Ace& ace : child.aces) {
    RC_ASSERT(ace.has(ace_flags::kInherited));
    RC_ASSERT(!ace.has(ace_flags::kNoPropagateInherit));
    RC_ASSERT(ace.has(ace_flags::kInheritOnly) ||
              (ace.sid != sids::kCreatorOwner && ace.sid != sids::kCreatorGroup));
  }
  // What is passed on to the second generation is passed on to the third unchanged.
  auto onward = [](const Acl& acl) {
    std::vector<Ace> aces;
    for (const Ace& ace : acl.aces)
      if (has_inheritable(Acl{.revision = 2, .aces = {ace}}, true)) aces.push_back(ace);
    return aces;
  };
  RC_ASSERT(onward(inherited_acl(child, owner, group, true)) == onward(child));
  for (const Ace& ace : inherited_acl(child, owner, group, false).aces)
    RC_ASSERT(ace.flags == ace_flags::kInherited);
}

RC_GTEST_PROP(Inheritance, AFileInADirectoryNeverHasCreators, ()) {
  SecurityDescriptor parent = any_descriptor();
  AccessToken token{.user = subjects()[0], .primary_group = subjects()[1]};
  Result<SecurityDescriptor> sd = descriptor_of_new_object(&parent, nullptr, token, false);
  RC_ASSERT(sd.has_value());
  RC_ASSERT(sd->dacl.has_value());
  for (const Ace& ace : sd->dacl->aces) {
    RC_ASSERT(ace.sid != sids::kCreatorOwner && ace.sid != sids::kCreatorGroup);
    RC_ASSERT(!ace.has(ace_flags::kInheritOnly));
  }
}

}  // namespace
}  // namespace holdfast::core
