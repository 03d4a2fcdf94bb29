// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ports/identity.h"
#include "service/logon/user_db.h"

namespace holdfast::service {

/// Who an account is once it has logged on. `domain`: the name that stands for this server's
/// accounts (its NetBIOS name). `unix_account`: the account's Unix side, if it has one; then the
/// identity has its S-1-22 SIDs too, so that security descriptors written by Samba mean the same
/// here. act_as_user: see ports::Credentials; needs unix_account.
ports::Identity make_user_identity(const UserRecord& user, const Sid& machine_sid,
                                   const std::string& domain,
                                   const std::optional<UnixAccount>& unix_account,
                                   bool act_as_user);

/// The local guest account (machine SID, RID 501).
ports::Identity make_guest_identity(const Sid& machine_sid, const std::string& domain,
                                    const std::optional<UnixAccount>& unix_account,
                                    bool act_as_user);

/// ANONYMOUS LOGON (S-1-5-7).
ports::Identity make_anonymous_identity(const std::optional<UnixAccount>& unix_account,
                                        bool act_as_user);

}  // namespace holdfast::service
