// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/sid.h"

namespace holdfast::core {

/// Who asks (MS-DTYP 2.5.2). Built at logon, immutable, handed to every check.
struct AccessToken {
  Sid user{};
  Sid primary_group{};
  /// Every group the user is in, well-known ones included (see add_well_known_groups).
  std::vector<Sid> groups{};
  /// SeBackupPrivilege: read whatever the DACL says, for an open with backup intent.
  bool backup_privilege = false;
  /// SeRestorePrivilege: write whatever the DACL says, for an open with backup intent, and give any
  /// owner to a file.
  bool restore_privilege = false;
  /// SeSecurityPrivilege: ACCESS_SYSTEM_SECURITY, read and write SACLs.
  bool security_privilege = false;
  /// SeTakeOwnershipPrivilege: WRITE_OWNER.
  bool take_ownership_privilege = false;
  /// New objects belong to BUILTIN\Administrators instead of the user, as Windows does it.
  bool owned_by_administrators = false;

  bool has(const Sid& sid) const;
  bool administrator() const { return has(sids::kBuiltinAdministrators); }
};

/// Adds Everyone, NETWORK, and Authenticated Users or, for an anonymous one, ANONYMOUS LOGON.
void add_well_known_groups(AccessToken& token, bool anonymous);
/// Adds BUILTIN\Administrators and all privileges.
void make_administrator(AccessToken& token);

}  // namespace holdfast::core
