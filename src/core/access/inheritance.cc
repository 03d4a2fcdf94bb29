// SPDX-License-Identifier: Apache-2.0
#include "core/access/inheritance.h"

#include "base/limits.h"
#include "core/access/access_check.h"

namespace holdfast::core {
namespace {

using wire::dtyp::Ace;
using wire::dtyp::Acl;
using wire::dtyp::SecurityDescriptor;
namespace access = wire::dtyp::access;
namespace ace_flags = wire::dtyp::ace_flags;
namespace control = wire::dtyp::control;

constexpr std::uint8_t kInheritanceFlags = ace_flags::kObjectInherit |
                                           ace_flags::kContainerInherit |
                                           ace_flags::kNoPropagateInherit | ace_flags::kInheritOnly;

/// The ACE as it works on the child itself, and as it waits for the child's children.
struct Passed {
  bool effective = false;
  bool propagates = false;
};

Passed passes(const Ace& ace, bool is_directory) {
  // An ACE for one class of directory service objects says nothing about files.
  if (!ace.is_known() ||
      (ace.is_object() && (ace.object_flags & Ace::kInheritedObjectTypePresent) != 0))
    return {};
  bool for_files = ace.has(ace_flags::kObjectInherit);
  bool for_directories = ace.has(ace_flags::kContainerInherit);
  if (!is_directory) return {.effective = for_files, .propagates = false};
  return {.effective = for_directories,
          .propagates = (for_files || for_directories) && !ace.has(ace_flags::kNoPropagateInherit)};
}

Sid resolve(const Sid& sid, const Sid& owner, const Sid& group) {
  if (sid == sids::kCreatorOwner) return owner;
  if (sid == sids::kCreatorGroup) return group;
  return sid;
}

void inherit(const Ace& ace, const Sid& owner, const Sid& group, bool is_directory,
             std::uint8_t mark, Acl& out) {
  Passed passed = passes(ace, is_directory);
  // That the parent has the ACE from its own parent is the parent's matter.
  auto own_flags =
      static_cast<std::uint8_t>(ace.flags & ~(kInheritanceFlags | ace_flags::kInherited));
  auto onward = static_cast<std::uint8_t>(
      ace.flags & (ace_flags::kObjectInherit | ace_flags::kContainerInherit));
  Ace effective = ace;
  effective.sid = resolve(ace.sid, owner, group);
  effective.mask = map_generic(ace.mask);
  bool same_onward = effective.sid == ace.sid && effective.mask == ace.mask;

  if (passed.effective) {
    effective.flags = own_flags | mark;
    if (passed.propagates && same_onward) effective.flags |= onward;
    out.aces.push_back(effective);
  }
  if (passed.propagates && !(passed.effective && same_onward)) {
    Ace waiting = ace;
    waiting.flags = own_flags | mark | onward | ace_flags::kInheritOnly;
    out.aces.push_back(std::move(waiting));
  }
}

/// The creator's own ACEs: those that it calls inherited are recomputed from the parent.
Acl explicit_aces(const Acl& creator, bool drop_inherited) {
  Acl out;
  out.revision = creator.revision;
  for (const Ace& ace : creator.aces) {
    if (drop_inherited && ace.has(ace_flags::kInherited)) continue;
    out.aces.push_back(ace);
    if (!ace.has(ace_flags::kInheritOnly)) out.aces.back().mask = map_generic(ace.mask);
  }
  return out;
}

void append_acl(Acl& to, const Acl& from) {
  to.aces.insert(to.aces.end(), from.aces.begin(), from.aces.end());
  if (from.revision > to.revision) to.revision = from.revision;
}

struct AclPlan {
  const std::optional<Acl>* parent = nullptr;
  /// The parent keeps inherited ACEs apart (its ACL is AUTO_INHERITED).
  bool parent_auto_inherited = false;
  const std::optional<Acl>* creator = nullptr;
  bool creator_protected = false;
};

struct ComputedAcl {
  /// False: nothing was given and nothing inherited.
  bool present = false;
  std::optional<Acl> acl;
  bool auto_inherited = false;
};

/// ComputeACL of MS-DTYP 2.5.3.4.2.
ComputedAcl compute_acl(const AclPlan& plan, const Sid& owner, const Sid& group,
                        bool is_directory) {
  Acl inherited;
  if (plan.parent != nullptr && *plan.parent && !plan.creator_protected) {
    std::uint8_t mark = plan.parent_auto_inherited ? ace_flags::kInherited : 0;
    for (const Ace& ace : (*plan.parent)->aces)
      inherit(ace, owner, group, is_directory, mark, inherited);
    inherited.revision = (*plan.parent)->revision;
  }
  ComputedAcl out;
  out.auto_inherited = plan.parent_auto_inherited && !inherited.aces.empty();
  if (plan.creator != nullptr) {
    out.present = true;
    // A NULL DACL from the creator stays one: there is no list to add to.
    if (!*plan.creator) return {.present = true, .acl = std::nullopt, .auto_inherited = false};
    out.acl = explicit_aces(**plan.creator, !plan.creator_protected);
    // Without DACL_AUTO_INHERIT a creator's ACL stands alone; NTFS asks for it below a directory
    // whose own ACL is AUTO_INHERITED.
    if (plan.parent_auto_inherited) append_acl(*out.acl, inherited);
  } else if (!inherited.aces.empty()) {
    out.present = true;
    out.acl = std::move(inherited);
  }
  return out;
}

/// The ACL of a child in a folder with a very long ACL can outgrow 64 KiB; then it cannot be
/// stored.
bool fits(const std::optional<Acl>& acl) { return !acl || wire::dtyp::size_of(*acl) <= 0xFFFF; }

}  // namespace

Acl inherited_acl(const Acl& parent, const Sid& owner, const Sid& group, bool is_directory) {
  Acl out;
  out.revision = parent.revision;
  for (const Ace& ace : parent.aces)
    inherit(ace, owner, group, is_directory, ace_flags::kInherited, out);
  return out;
}

bool has_inheritable(const Acl& acl, bool is_directory) {
  for (const Ace& ace : acl.aces) {
    Passed passed = passes(ace, is_directory);
    if (passed.effective || passed.propagates) return true;
  }
  return false;
}

SecurityDescriptor default_descriptor(const AccessToken& token) {
  SecurityDescriptor sd;
  sd.owner = token.owned_by_administrators ? sids::kBuiltinAdministrators : token.user;
  sd.group = token.primary_group;
  Acl acl;
  for (const Sid& sid : {*sd.owner, sids::kSystem})
    acl.aces.push_back({.mask = access::kFileAll, .sid = sid});
  sd.set_dacl(std::move(acl));
  return sd;
}

bool may_assign_owner(const AccessToken& token, const Sid& owner) {
  return token.restore_privilege || token.user == owner ||
         (owner == sids::kBuiltinAdministrators && token.administrator());
}

Result<SecurityDescriptor> descriptor_of_new_object(const SecurityDescriptor* parent,
                                                    const SecurityDescriptor* creator,
                                                    const AccessToken& token, bool is_directory) {
  SecurityDescriptor sd = default_descriptor(token);
  if (creator != nullptr && creator->owner) {
    if (!may_assign_owner(token, *creator->owner)) return fail(NtStatus::kInvalidOwner);
    sd.owner = creator->owner;
    sd.dacl->aces[0].sid = *sd.owner;
  }
  if (creator != nullptr && creator->group) sd.group = creator->group;
  if (creator != nullptr && creator->sacl && !token.security_privilege)
    return fail(NtStatus::kPrivilegeNotHeld);

  std::uint16_t given = creator == nullptr ? 0 : creator->control;
  std::uint16_t above = parent == nullptr ? 0 : parent->control;
  auto defaulted_or_absent = [given](std::uint16_t present, std::uint16_t defaulted) {
    return (given & present) == 0 || (given & defaulted) != 0;
  };
  ComputedAcl dacl =
      compute_acl({.parent = parent == nullptr ? nullptr : &parent->dacl,
                   .parent_auto_inherited = (above & control::kDaclAutoInherited) != 0,
                   .creator = defaulted_or_absent(control::kDaclPresent, control::kDaclDefaulted)
                                  ? nullptr
                                  : &creator->dacl,
                   .creator_protected = (given & control::kDaclProtected) != 0},
                  *sd.owner, *sd.group, is_directory);
  ComputedAcl sacl =
      compute_acl({.parent = parent == nullptr ? nullptr : &parent->sacl,
                   .parent_auto_inherited = (above & control::kSaclAutoInherited) != 0,
                   .creator = defaulted_or_absent(control::kSaclPresent, control::kSaclDefaulted)
                                  ? nullptr
                                  : &creator->sacl,
                   .creator_protected = (given & control::kSaclProtected) != 0},
                  *sd.owner, *sd.group, is_directory);
  if (!fits(dacl.acl) || !fits(sacl.acl)) return fail(NtStatus::kInvalidAcl);

  if (dacl.present) sd.set_dacl(std::move(dacl.acl));
  if (sacl.present) sd.set_sacl(std::move(sacl.acl));
  sd.control |= given & (control::kDaclProtected | control::kSaclProtected);
  if (dacl.auto_inherited) sd.control |= control::kDaclAutoInherited;
  if (sacl.auto_inherited) sd.control |= control::kSaclAutoInherited;
  return sd;
}

}  // namespace holdfast::core
