// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "ports/random.h"
#include "service/logon/user_file.h"

namespace holdfast::platform {

/// The file of users, for the command line and the daemon. Every call opens the file anew. Errors
/// are sentences for people, beginning with the file's name (and line).
class UserStore {
 public:
  explicit UserStore(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// False also when it cannot be seen.
  bool exists() const;

  /// Reads and checks the file: its owner, that only the owner may read it, its text.
  std::expected<service::UserFile, std::string> load() const;

  /// Locks, reads, lets `change` change, writes if that succeeded. A file that does not exist
  /// begins empty with a new machine SID. As root the file may be another's, and stays that
  /// other's.
  using Change = std::function<std::expected<void, std::string>(service::UserFile&)>;
  std::expected<void, std::string> edit(ports::Random& random, const Change& change) const;

  struct NewUser {
    std::string name;
    std::string password;
    /// Empty: none.
    std::string unix_name;
    bool admin = false;
  };
  std::expected<void, std::string> add(ports::Random& random, const NewUser& user) const;
  std::expected<void, std::string> set_password(ports::Random& random, std::string_view name,
                                                std::string_view password) const;
  std::expected<void, std::string> set_disabled(ports::Random& random, std::string_view name,
                                                bool disabled) const;
  std::expected<void, std::string> remove(ports::Random& random, std::string_view name) const;

 private:
  std::expected<service::UserFile, std::string> read(bool any_owner) const;
  std::expected<void, std::string> write(const service::UserFile& file) const;

  std::string path_;
};

/// The accounts of a UserStore in memory. find() sees the last reload() that succeeded.
class FileUserDatabase final : public service::UserDatabase {
 public:
  explicit FileUserDatabase(std::string path) : store_(std::move(path)) {}

  /// Reads the file. On an error everything stays as it was.
  std::expected<void, std::string> reload();

  std::optional<service::UserRecord> find(std::string_view name) const override;
  std::optional<service::UserRecord> find_rid(std::uint32_t rid) const override;
  /// The null SID before the first reload().
  Sid machine_sid() const override;

 private:
  std::shared_ptr<const service::StaticUserDatabase> current() const;

  UserStore store_;
  mutable Mutex mutex_;
  std::shared_ptr<const service::StaticUserDatabase> users_;
};

}  // namespace holdfast::platform
