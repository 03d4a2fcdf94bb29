// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/accounts.h"

#include <charconv>

#include "base/utf16.h"

namespace holdfast::service::pipes {
namespace {

using Type = wire::rpc::lsa::SidType;

struct WellKnown {
  std::string_view domain;
  /// The authority, and the sub-authorities; 0xFFFFFFFF: there is no second one.
  std::uint32_t authority, first, second;
  std::string_view name;
  Type type;
};
constexpr std::uint32_t kNo = 0xFFFFFFFF;

// MS-DTYP 2.4.2.4.
constexpr WellKnown kWellKnown[] = {
    {"", 0, 0, kNo, "NULL SID", Type::kWellKnownGroup},
    {"", 1, 0, kNo, "Everyone", Type::kWellKnownGroup},
    {"", 2, 0, kNo, "LOCAL", Type::kWellKnownGroup},
    {"", 3, 0, kNo, "CREATOR OWNER", Type::kWellKnownGroup},
    {"", 3, 1, kNo, "CREATOR GROUP", Type::kWellKnownGroup},
    {"", 3, 4, kNo, "OWNER RIGHTS", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 1, kNo, "DIALUP", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 2, kNo, "NETWORK", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 3, kNo, "BATCH", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 4, kNo, "INTERACTIVE", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 6, kNo, "SERVICE", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 7, kNo, "ANONYMOUS LOGON", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 9, kNo, "ENTERPRISE DOMAIN CONTROLLERS", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 10, kNo, "SELF", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 11, kNo, "Authenticated Users", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 12, kNo, "RESTRICTED", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 13, kNo, "TERMINAL SERVER USER", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 14, kNo, "REMOTE INTERACTIVE LOGON", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 15, kNo, "This Organization", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 18, kNo, "SYSTEM", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 19, kNo, "LOCAL SERVICE", Type::kWellKnownGroup},
    {"NT AUTHORITY", 5, 20, kNo, "NETWORK SERVICE", Type::kWellKnownGroup},
    {"BUILTIN", 5, 32, 544, "Administrators", Type::kAlias},
    {"BUILTIN", 5, 32, 545, "Users", Type::kAlias},
    {"BUILTIN", 5, 32, 546, "Guests", Type::kAlias},
    {"BUILTIN", 5, 32, 547, "Power Users", Type::kAlias},
    {"BUILTIN", 5, 32, 550, "Print Operators", Type::kAlias},
    {"BUILTIN", 5, 32, 551, "Backup Operators", Type::kAlias},
    {"BUILTIN", 5, 32, 552, "Replicator", Type::kAlias},
    {"BUILTIN", 5, 32, 555, "Remote Desktop Users", Type::kAlias},
};
// Accounts that every machine has (MS-DTYP 2.4.2.4), below its own SID.
struct MachineAccount {
  std::uint32_t rid;
  std::string_view name;
  Type type;
};
constexpr MachineAccount kMachineAccounts[] = {
    {501, "Guest", Type::kUser},
    {513, "None", Type::kGroup},
    {514, "Guests", Type::kGroup},
};
constexpr std::string_view kBuiltin = "BUILTIN", kUnixUser = "Unix User", kUnixGroup = "Unix Group";
const Sid kBuiltinSid{5, {32}};

AccountName account_of(const WellKnown& known) {
  Sid domain(known.authority, {});
  if (known.second != kNo) domain = domain.with(known.first);
  return {std::string(known.domain), domain, std::string(known.name),
          domain.with(known.second == kNo ? known.first : known.second), known.type};
}

AccountName domain_of(std::string_view name, const Sid& sid) {
  return {std::string(name), sid, "", sid, Type::kDomain};
}

std::optional<AccountName> unix_account(const Sid& domain, std::string_view domain_name,
                                        std::uint32_t id) {
  return AccountName{std::string(domain_name), domain, std::to_string(id), domain.with(id),
                     domain == sids::kUnixUsers ? Type::kUser : Type::kGroup};
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Sid Accounts::machine_sid() const {
  return users_ == nullptr ? sids::kNull : users_->machine_sid();
}

std::optional<AccountName> Accounts::machine_account(std::uint32_t rid) const {
  AccountName found{machine_name_, machine_sid(), "", machine_sid().with(rid), Type::kUser};
  for (const MachineAccount& account : kMachineAccounts)
    if (account.rid == rid) {
      found.name = account.name;
      found.type = account.type;
      return found;
    }
  std::optional<UserRecord> user = users_->find_rid(rid);
  if (!user) return std::nullopt;
  found.name = user->name;
  return found;
}

std::optional<AccountName> Accounts::find(const Sid& sid) const {
  for (const WellKnown& known : kWellKnown)
    if (AccountName account = account_of(known); account.sid == sid) return account;
  if (sid == kBuiltinSid) return domain_of(kBuiltin, sid);
  if (sid == sids::kUnixUsers) return domain_of(kUnixUser, sid);
  if (sid == sids::kUnixGroups) return domain_of(kUnixGroup, sid);
  if (sids::kUnixUsers.is_domain_of(sid))
    return unix_account(sids::kUnixUsers, kUnixUser, sid.rid());
  if (sids::kUnixGroups.is_domain_of(sid))
    return unix_account(sids::kUnixGroups, kUnixGroup, sid.rid());
  if (users_ == nullptr) return std::nullopt;
  if (sid == machine_sid()) return domain_of(machine_name_, sid);
  if (machine_sid().is_domain_of(sid)) return machine_account(sid.rid());
  return std::nullopt;
}

std::optional<AccountName> Accounts::find_in(std::string_view domain, std::string_view name) const {
  const bool any = domain.empty();
  for (const WellKnown& known : kWellKnown)
    if (same_name(known.name, name) && (any || same_name(known.domain, domain)))
      return account_of(known);
  if (same_name(domain, kUnixUser) || same_name(domain, kUnixGroup)) {
    auto id = number_of(name);
    if (!id) return std::nullopt;
    return same_name(domain, kUnixUser) ? unix_account(sids::kUnixUsers, kUnixUser, *id)
                                        : unix_account(sids::kUnixGroups, kUnixGroup, *id);
  }
  if (users_ == nullptr || (!any && !same_name(domain, machine_name_))) return std::nullopt;
  if (std::optional<UserRecord> user = users_->find(name)) return machine_account(user->rid);
  for (const MachineAccount& account : kMachineAccounts)
    if (same_name(account.name, name)) return machine_account(account.rid);
  return std::nullopt;
}

std::optional<AccountName> Accounts::find(std::string_view name) const {
  // Windows takes no name at all for the builtin domain.
  if (name.empty()) return domain_of(kBuiltin, kBuiltinSid);
  if (std::size_t slash = name.find('\\'); slash != std::string_view::npos) {
    std::string_view domain = name.substr(0, slash), rest = name.substr(slash + 1);
    if (!rest.empty()) return find_in(domain, rest);
    name = domain;
  } else if (auto found = find_in("", name)) {
    return found;
  } else if (std::size_t at = name.rfind('@'); at != std::string_view::npos && at != 0) {
    return find_in(name.substr(at + 1), name.substr(0, at));
  }
  if (same_name(name, kBuiltin)) return domain_of(kBuiltin, kBuiltinSid);
  if (users_ != nullptr && same_name(name, machine_name_))
    return domain_of(machine_name_, machine_sid());
  return std::nullopt;
}

}  // namespace holdfast::service::pipes
