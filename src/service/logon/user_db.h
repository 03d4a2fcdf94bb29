// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sid.h"
#include "crypto/legacy.h"

namespace holdfast::service {

/// RIDs below 1000 are the well-known ones (MS-DTYP 2.4.2.4).
inline constexpr std::uint32_t kFirstUserRid = 1000;

/// An account.
struct UserRecord {
  /// As it was created; found in any case.
  std::string name;
  /// NTOWFv1 of the password: as secret as the password itself.
  crypto::Digest16 nt_hash{};
  /// Relative to the machine SID; never given to another account.
  std::uint32_t rid = 0;
  /// The Unix account that the user acts as; empty: none.
  std::string unix_name;
  bool disabled = false;
  bool admin = false;

  bool operator==(const UserRecord&) const = default;
};

/// Where accounts are. Thread-safe; answers from memory.
class UserDatabase {
 public:
  virtual ~UserDatabase() = default;
  /// By name without domain, in any case.
  virtual std::optional<UserRecord> find(std::string_view name) const = 0;
  /// By RID.
  virtual std::optional<UserRecord> find_rid(std::uint32_t rid) const = 0;
  /// S-1-5-21-a-b-c, whose RIDs the users have.
  virtual Sid machine_sid() const = 0;
};

/// A Unix account as NSS knows it.
struct UnixAccount {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  /// All groups, the primary one included.
  std::vector<std::uint32_t> groups;
};

/// Finds Unix accounts. Thread-safe.
class UnixAccounts {
 public:
  virtual ~UnixAccounts() = default;
  /// May block (NSS can ask the network): called on a pool thread.
  virtual std::optional<UnixAccount> find(const std::string& name) = 0;
};

/// Accounts that do not change: for the simulator, tests, and a server started for one user.
class StaticUserDatabase final : public UserDatabase {
 public:
  StaticUserDatabase(Sid machine_sid, std::vector<UserRecord> users);
  std::optional<UserRecord> find(std::string_view name) const override;
  std::optional<UserRecord> find_rid(std::uint32_t rid) const override;
  Sid machine_sid() const override { return machine_sid_; }

 private:
  Sid machine_sid_;
  /// Sorted by fold_name, which `keys_` has at the same index.
  std::vector<std::string> keys_;
  std::vector<UserRecord> users_;
};

/// A machine SID of 12 random octets (MS-DTYP 2.4.2.4, S-1-5-21-...).
Sid make_machine_sid(Bytes random12);

/// Why `name` cannot be an account's name, or nullptr if it can: 1 to 64 UTF-16 units of UTF-8, no
/// control characters and none of " / \ [ ] : ; | = , + * ? < > @, not only dots and spaces.
const char* user_name_error(std::string_view name);

}  // namespace holdfast::service
