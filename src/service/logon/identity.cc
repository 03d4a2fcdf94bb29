// SPDX-License-Identifier: Apache-2.0
#include "service/logon/identity.h"

namespace holdfast::service {
namespace {

// MS-DTYP 2.4.2.4: RIDs of a machine's own accounts.
constexpr std::uint32_t kRidGuest = 501;
constexpr std::uint32_t kRidNone = 513;
constexpr std::uint32_t kRidGuests = 514;

void add_unix(ports::Identity& identity, const std::optional<UnixAccount>& account,
              bool act_as_user) {
  if (!account) return;
  identity.groups.push_back(sids::kUnixUsers.with(account->uid));
  for (std::uint32_t gid : account->groups) identity.groups.push_back(sids::kUnixGroups.with(gid));
  identity.credentials = {.act_as_user = act_as_user,
                          .uid = account->uid,
                          .gid = account->gid,
                          .groups = account->groups};
}

}  // namespace

ports::Identity make_user_identity(const UserRecord& user, const Sid& machine_sid,
                                   const std::string& domain,
                                   const std::optional<UnixAccount>& unix_account,
                                   bool act_as_user) {
  ports::Identity identity;
  identity.user = user.name;
  identity.domain = domain;
  identity.sid = machine_sid.with(user.rid);
  identity.groups = {sids::kEveryone, sids::kNetwork, sids::kAuthenticatedUsers,
                     machine_sid.with(kRidNone), sids::kBuiltinUsers};
  if (user.admin) identity.groups.push_back(sids::kBuiltinAdministrators);
  identity.is_administrator = user.admin;
  add_unix(identity, unix_account, act_as_user);
  return identity;
}

ports::Identity make_guest_identity(const Sid& machine_sid, const std::string& domain,
                                    const std::optional<UnixAccount>& unix_account,
                                    bool act_as_user) {
  ports::Identity identity;
  identity.user = "Guest";
  identity.domain = domain;
  identity.sid = machine_sid.with(kRidGuest);
  identity.groups = {sids::kEveryone, sids::kNetwork, machine_sid.with(kRidGuests),
                     sids::kBuiltinGuests};
  identity.is_guest = true;
  add_unix(identity, unix_account, act_as_user);
  return identity;
}

ports::Identity make_anonymous_identity(const std::optional<UnixAccount>& unix_account,
                                        bool act_as_user) {
  ports::Identity identity;
  identity.sid = sids::kAnonymous;
  identity.groups = {sids::kEveryone, sids::kNetwork};
  identity.is_anonymous = true;
  add_unix(identity, unix_account, act_as_user);
  return identity;
}

}  // namespace holdfast::service
