// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/sid.h"
#include "service/logon/user_db.h"
#include "wire/rpc/lsa.h"

namespace holdfast::service::pipes {

/// An account, a group or a domain, as LSA tells of it.
struct AccountName {
  /// Empty for Everyone and the like.
  std::string domain;
  Sid domain_sid;
  std::string name;
  Sid sid;
  wire::rpc::lsa::SidType type = wire::rpc::lsa::SidType::kUnknown;
};

/// Names and SIDs of this machine: its users (a machine's accounts are in a domain of its name),
/// what is well known (MS-DTYP 2.4.2.4), and Unix ids, which are named by their number.
class Accounts {
 public:
  /// users may be null.
  Accounts(std::string machine_name, const UserDatabase* users)
      : machine_name_(std::move(machine_name)), users_(users) {}

  /// The SID of the machine's domain; the null SID when there are no users.
  Sid machine_sid() const;
  const std::string& machine_name() const { return machine_name_; }
  std::optional<AccountName> find(const Sid& sid) const;
  /// "name", "DOMAIN\name", "name@DOMAIN", or a domain itself; in any case (MS-LSAT 3.1.4.5).
  /// Without any octet: the builtin domain.
  std::optional<AccountName> find(std::string_view name) const;

 private:
  std::optional<AccountName> find_in(std::string_view domain, std::string_view name) const;
  std::optional<AccountName> machine_account(std::uint32_t rid) const;

  std::string machine_name_;
  const UserDatabase* users_;
};

}  // namespace holdfast::service::pipes
