// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "service/logon/user_db.h"

namespace holdfast::service {

/// The accounts of a server as their file has them. Text, one line each:
///
///     holdfast-users 1
///     machine-sid S-1-5-21-1004336348-1177238915-682003330
///     next-rid 1002
///     user "alice" rid=1000 nt-hash=8846f7eaee8fb117ad06bdd830b7586c unix="alice" admin
///     user "Bob B." rid=1001 nt-hash=... disabled
///
/// The first line names the format and its version. Then `machine-sid` and `next-rid` once each,
/// and a `user` line for each account: the name in quotes (names have no quotes), `rid`, `nt-hash`,
/// and as wanted `unix`, `admin`, `disabled`. Empty lines and lines that begin with # are skipped,
/// and gone when a program next writes the file. Everything else is an error: a setting that is not
/// understood must not be lost silently.
///
/// nt-hash is as good as the password: the file is for its owner only.
struct UserFile {
  Sid machine_sid;
  /// The RID of the next account; RIDs are never used again.
  std::uint32_t next_rid = kFirstUserRid;
  std::vector<UserRecord> users;

  bool operator==(const UserFile&) const = default;
};

inline constexpr std::size_t kMaxUsers = 100'000;

struct UserFileError {
  /// From 1.
  std::size_t line = 0;
  std::string text;
};

std::expected<UserFile, UserFileError> parse_user_file(std::string_view text);
std::string serialize_user_file(const UserFile& file);

/// The account of this name in any case, or nullptr.
UserRecord* find_user(UserFile& file, std::string_view name);
/// Adds an account and gives it its RID (user.rid is ignored). The error is a sentence for people.
std::expected<void, std::string> add_user(UserFile& file, UserRecord user);
/// False: there is none of this name.
bool remove_user(UserFile& file, std::string_view name);

}  // namespace holdfast::service
