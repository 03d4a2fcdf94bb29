// SPDX-License-Identifier: Apache-2.0
#include "core/access/access_check.h"

#include "core/access/ace_kind.h"

namespace holdfast::core {
namespace {

using wire::dtyp::Ace;
using wire::dtyp::SecurityDescriptor;
namespace access = wire::dtyp::access;
namespace ace_flags = wire::dtyp::ace_flags;

/// What SeBackupPrivilege and SeRestorePrivilege are worth for an open with backup intent
/// (MS-FSA 2.1.5.1, MS-DTYP 2.5.2.1.2).
constexpr AccessMask kBackupRights =
    access::kFileGenericRead | access::kTraverse | access::kReadControl;
constexpr AccessMask kRestoreRights = access::kFileGenericWrite | access::kWriteDac |
                                      access::kWriteOwner | access::kDelete | access::kDeleteChild;

/// True when the ACE is about files at all and its subject is in the token.
bool applies(const Ace& ace, const AccessToken& token, bool is_owner) {
  if (ace.has(ace_flags::kInheritOnly)) return false;
  if (ace.is_object() && (ace.object_flags & Ace::kObjectTypePresent) != 0) return false;
  if (ace.sid == sids::kOwnerRights) return is_owner;
  return token.has(ace.sid);
}

bool has_owner_rights(const wire::dtyp::Acl& acl) {
  for (const Ace& ace : acl.aces)
    if (ace.sid == sids::kOwnerRights && !ace.has(ace_flags::kInheritOnly) &&
        kind_of(ace) != AceKind::kOther)
      return true;
  return false;
}

}  // namespace

AccessMask map_generic(AccessMask mask) {
  AccessMask mapped = mask & ~access::kGenericMask;
  if (mask & access::kGenericRead) mapped |= access::kFileGenericRead;
  if (mask & access::kGenericWrite) mapped |= access::kFileGenericWrite;
  if (mask & access::kGenericExecute) mapped |= access::kFileGenericExecute;
  if (mask & access::kGenericAll) mapped |= access::kFileAll;
  return mapped;
}

AccessMask maximum_access(const SecurityDescriptor& sd, const AccessToken& token) {
  if (!sd.dacl_present() || !sd.dacl) return access::kFileAll;

  bool is_owner = sd.owner && token.has(*sd.owner);
  AccessMask allowed = 0, denied = 0;
  for (const Ace& ace : sd.dacl->aces) {
    AceKind kind = kind_of(ace);
    if (kind == AceKind::kOther || !applies(ace, token, is_owner)) continue;
    AccessMask mask = map_generic(ace.mask);
    if (kind == AceKind::kDeny)
      denied |= mask & ~allowed;
    else if (!is_conditional(ace))
      allowed |= mask & ~denied;
  }
  // The owner can always repair the descriptor, whatever was denied.
  if (is_owner && !has_owner_rights(*sd.dacl)) allowed |= access::kReadControl | access::kWriteDac;
  if (token.take_ownership_privilege) allowed |= access::kWriteOwner;
  return allowed & access::kFileAll;
}

Result<AccessMask> access_check(const SecurityDescriptor& sd, const AccessToken& token,
                                const AccessRequest& request) {
  AccessMask desired = map_generic(request.desired);
  bool wants_maximum = (desired & access::kMaximumAllowed) != 0;
  desired &= ~access::kMaximumAllowed;

  AccessMask granted = 0;
  if (desired & access::kAccessSystemSecurity) {
    if (!token.security_privilege) return fail(NtStatus::kPrivilegeNotHeld);
    granted |= access::kAccessSystemSecurity;
  }

  AccessMask available = maximum_access(sd, token) | request.granted_before;
  if (request.backup_intent) {
    if (token.backup_privilege) available |= kBackupRights;
    if (token.restore_privilege) available |= kRestoreRights;
  }
  AccessMask rest = desired & ~access::kAccessSystemSecurity;
  if ((rest & ~available) != 0) return fail(NtStatus::kAccessDenied);
  if (wants_maximum) {
    rest |= available & access::kFileAll;
    if (rest == 0) return fail(NtStatus::kAccessDenied);
  }
  return granted | rest;
}

}  // namespace holdfast::core
