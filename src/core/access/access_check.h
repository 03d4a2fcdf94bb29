// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/access/token.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::core {

using wire::dtyp::AccessMask;

/// Replaces the generic rights by what they mean for files and directories
/// (MS-SMB2 2.2.13.1, MS-DTYP 2.4.3). Other bits stay.
AccessMask map_generic(AccessMask mask);

/// What the descriptor's DACL gives the token of all file rights: the result of a request for
/// MAXIMUM_ALLOWED, without ACCESS_SYSTEM_SECURITY.
/// An absent or NULL DACL gives everything, an empty one only what the owner always has.
AccessMask maximum_access(const wire::dtyp::SecurityDescriptor& sd, const AccessToken& token);

struct AccessRequest {
  /// As in CREATE: generic rights, MAXIMUM_ALLOWED and ACCESS_SYSTEM_SECURITY are understood.
  AccessMask desired = 0;
  /// The open has FILE_OPEN_FOR_BACKUP_INTENT: backup and restore privileges count.
  bool backup_intent = false;
  /// Rights that come from elsewhere, such as DELETE from the parent's DELETE_CHILD.
  AccessMask granted_before = 0;
};

/// The access check of MS-DTYP 2.5.3.2: granted rights (generic ones mapped, MAXIMUM_ALLOWED
/// replaced), or STATUS_ACCESS_DENIED; STATUS_PRIVILEGE_NOT_HELD when ACCESS_SYSTEM_SECURITY is
/// asked for without SeSecurityPrivilege. A success with desired == 0 grants 0.
///
/// ACEs count in order: a right is decided by the first allow or deny ACE that names it and
/// applies. The owner has READ_CONTROL and WRITE_DAC unless an OWNER RIGHTS ACE says otherwise.
/// Callback ACEs: conditions are not evaluated; a conditional allow gives nothing, a conditional
/// deny denies. Object ACEs without an object type count as plain ones; with one they do not apply
/// to files.
Result<AccessMask> access_check(const wire::dtyp::SecurityDescriptor& sd, const AccessToken& token,
                                const AccessRequest& request);
inline Result<AccessMask> access_check(const wire::dtyp::SecurityDescriptor& sd,
                                       const AccessToken& token, AccessMask desired) {
  return access_check(sd, token, AccessRequest{.desired = desired});
}

/// Rights the DOS read-only attribute takes from a file (not from a directory):
/// FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_DELETE_CHILD (MS-FSA 2.1.5.1.2.1).
inline constexpr AccessMask kReadOnlyDenies = wire::dtyp::access::kWriteData |
                                              wire::dtyp::access::kAppendData |
                                              wire::dtyp::access::kDeleteChild;

}  // namespace holdfast::core
