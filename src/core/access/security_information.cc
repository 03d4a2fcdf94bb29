// SPDX-License-Identifier: Apache-2.0
#include "core/access/security_information.h"

#include <algorithm>

#include "core/access/access_check.h"
#include "core/access/ace_kind.h"
#include "core/access/inheritance.h"

namespace holdfast::core {
namespace {

using wire::dtyp::AccessMask;
using wire::dtyp::Ace;
using wire::dtyp::AceType;
using wire::dtyp::Acl;
using wire::dtyp::SecurityDescriptor;
namespace access = wire::dtyp::access;
namespace ace_flags = wire::dtyp::ace_flags;
namespace control = wire::dtyp::control;
namespace part = wire::dtyp::security_information;

constexpr std::uint32_t kSaclParts = part::kSacl | part::kLabel | part::kAttribute | part::kScope;
constexpr std::uint16_t kDaclBits = control::kDaclPresent | control::kDaclDefaulted |
                                    control::kDaclTrusted | control::kDaclAutoInheritReq |
                                    control::kDaclAutoInherited | control::kDaclProtected;
constexpr std::uint16_t kSaclBits = control::kSaclPresent | control::kSaclDefaulted |
                                    control::kSaclAutoInheritReq | control::kSaclAutoInherited |
                                    control::kSaclProtected;

/// FILE security information BACKUP means all of the descriptor.
std::uint32_t expand(std::uint32_t parts) {
  if (parts & part::kBackup) parts |= part::kOwner | part::kGroup | part::kDacl | kSaclParts;
  return parts;
}

/// The part of SECURITY_INFORMATION that an ACE of a SACL belongs to.
std::uint32_t part_of(const Ace& ace) {
  switch (ace.type) {
    case AceType::kSystemMandatoryLabel: return part::kLabel;
    case AceType::kSystemResourceAttribute: return part::kAttribute;
    case AceType::kSystemScopedPolicyId: return part::kScope;
    default: return part::kSacl;
  }
}

void without_bits(std::uint16_t& bits, std::uint16_t remove) {
  bits = static_cast<std::uint16_t>(bits & ~remove);
}

/// Control bits of one ACL after a set: what was asked for, in the words of that ACL's bits.
std::uint16_t new_control(std::uint16_t given, std::uint16_t present, std::uint16_t request,
                          std::uint16_t inherited, std::uint16_t isprotected, bool protect,
                          bool unprotect) {
  auto bits = static_cast<std::uint16_t>(given & (present | isprotected));
  // AUTO_INHERITED is kept only from who also asks for it with AUTO_INHERIT_REQ.
  if ((given & request) != 0 && (given & inherited) != 0) bits |= inherited;
  if (protect) bits |= isprotected;
  if (unprotect) without_bits(bits, isprotected);
  return bits;
}

void map_effective(Acl& acl) {
  for (Ace& ace : acl.aces)
    if (!ace.has(ace_flags::kInheritOnly)) ace.mask = map_generic(ace.mask);
}

bool any_inherited(const Acl& acl) {
  return std::any_of(acl.aces.begin(), acl.aces.end(),
                     [](const Ace& ace) { return ace.has(ace_flags::kInherited); });
}

Result<void> set_dacl(SecurityDescriptor& sd, const SecurityDescriptor& given, std::uint32_t parts,
                      const SecurityDescriptor* parent, bool is_directory) {
  std::optional<Acl> dacl = given.dacl;
  if (dacl) {
    map_effective(*dacl);
    if ((parts & part::kUnprotectedDacl) != 0 && parent != nullptr && parent->dacl &&
        !any_inherited(*dacl)) {
      Acl more = inherited_acl(*parent->dacl, *sd.owner, *sd.group, is_directory);
      dacl->aces.insert(dacl->aces.end(), more.aces.begin(), more.aces.end());
      dacl->revision = std::max(dacl->revision, more.revision);
    }
    if (wire::dtyp::size_of(*dacl) > 0xFFFF) return fail(NtStatus::kInvalidAcl);
  }
  without_bits(sd.control, kDaclBits);
  sd.control |=
      new_control(given.control, control::kDaclPresent, control::kDaclAutoInheritReq,
                  control::kDaclAutoInherited, control::kDaclProtected,
                  (parts & part::kProtectedDacl) != 0, (parts & part::kUnprotectedDacl) != 0);
  // A file always has a DACL, if only a NULL one.
  sd.set_dacl(given.dacl_present() ? std::move(dacl) : std::nullopt);
  return {};
}

/// Takes the ACEs of the named kinds from `given` and keeps the other kinds.
Result<void> set_sacl(SecurityDescriptor& sd, const SecurityDescriptor& given,
                      std::uint32_t parts) {
  Acl sacl;
  auto take = [&](const std::optional<Acl>& from, bool named) {
    if (!from) return;
    sacl.revision = std::max(sacl.revision, from->revision);
    for (const Ace& ace : from->aces)
      if (((part_of(ace) & parts) != 0) == named) sacl.aces.push_back(ace);
  };
  take(given.sacl, true);
  take(sd.sacl, false);
  if (wire::dtyp::size_of(sacl) > 0xFFFF) return fail(NtStatus::kInvalidAcl);
  if (parts & part::kSacl) {
    without_bits(sd.control, kSaclBits);
    sd.control |=
        new_control(given.control, 0, control::kSaclAutoInheritReq, control::kSaclAutoInherited,
                    control::kSaclProtected, (parts & part::kProtectedSacl) != 0,
                    (parts & part::kUnprotectedSacl) != 0);
  }
  if (sacl.aces.empty() && !given.sacl_present())
    sd.clear_sacl();
  else
    sd.set_sacl(std::move(sacl));
  return {};
}

}  // namespace

AccessMask access_to_query_security(std::uint32_t parts) {
  parts = expand(parts);
  AccessMask needed = 0;
  if (parts &
      (part::kOwner | part::kGroup | part::kDacl | part::kLabel | part::kAttribute | part::kScope))
    needed |= access::kReadControl;
  if (parts & part::kSacl) needed |= access::kAccessSystemSecurity;
  return needed;
}

AccessMask access_to_set_security(std::uint32_t parts) {
  parts = expand(parts);
  AccessMask needed = 0;
  if (parts & (part::kOwner | part::kGroup | part::kLabel)) needed |= access::kWriteOwner;
  if (parts & (part::kDacl | part::kAttribute | part::kProtectedDacl | part::kUnprotectedDacl))
    needed |= access::kWriteDac;
  if (parts & (part::kSacl | part::kScope | part::kProtectedSacl | part::kUnprotectedSacl))
    needed |= access::kAccessSystemSecurity;
  return needed;
}

SecurityDescriptor select_parts(const SecurityDescriptor& sd, std::uint32_t parts) {
  parts = expand(parts);
  SecurityDescriptor out;
  if (parts & part::kOwner) out.owner = sd.owner;
  if (parts & part::kGroup) out.group = sd.group;
  if (parts & part::kDacl) {
    out.dacl = sd.dacl;
    out.control |= sd.control & kDaclBits;
  }
  if ((parts & kSaclParts) != 0 && sd.sacl) {
    Acl sacl;
    sacl.revision = sd.sacl->revision;
    for (const Ace& ace : sd.sacl->aces)
      if (part_of(ace) & parts) sacl.aces.push_back(ace);
    if (parts & part::kSacl) out.control |= sd.control & kSaclBits;
    if ((parts & part::kSacl) != 0 || !sacl.aces.empty()) out.set_sacl(std::move(sacl));
  }
  return out;
}

Result<SecurityDescriptor> apply_security(const SecurityDescriptor& current,
                                          const SecurityDescriptor& given, std::uint32_t parts,
                                          const AccessToken& token,
                                          const SecurityDescriptor* parent, bool is_directory) {
  parts = expand(parts);
  SecurityDescriptor sd = current;
  if (parts & part::kOwner) {
    if (!given.owner) return fail(NtStatus::kInvalidOwner);
    if (given.owner != current.owner && !may_assign_owner(token, *given.owner))
      return fail(NtStatus::kInvalidOwner);
    sd.owner = given.owner;
  }
  if (parts & part::kGroup) {
    if (!given.group) return fail(NtStatus::kInvalidParameter);
    sd.group = given.group;
  }
  if (!sd.owner) sd.owner = token.user;
  if (!sd.group) sd.group = token.primary_group;
  if (parts & part::kDacl) {
    Result<void> done = set_dacl(sd, given, parts, parent, is_directory);
    if (!done) return fail(done.error());
  }
  if (parts & kSaclParts) {
    if ((parts & (part::kSacl | part::kScope)) != 0 && !token.security_privilege)
      return fail(NtStatus::kPrivilegeNotHeld);
    Result<void> done = set_sacl(sd, given, parts);
    if (!done) return fail(done.error());
  }
  return sd;
}

}  // namespace holdfast::core
