// SPDX-License-Identifier: Apache-2.0
#include "service/logon/user_db.h"

#include <algorithm>

#include "base/assert.h"
#include "base/utf16.h"

namespace holdfast::service {

StaticUserDatabase::StaticUserDatabase(Sid machine_sid, std::vector<UserRecord> users)
    : machine_sid_(machine_sid), users_(std::move(users)) {
  std::ranges::sort(users_, {}, [](const UserRecord& user) { return fold_name(user.name); });
  for (const UserRecord& user : users_) keys_.push_back(fold_name(user.name));
}

std::optional<UserRecord> StaticUserDatabase::find(std::string_view name) const {
  const std::string key = fold_name(name);
  const auto at = std::ranges::lower_bound(keys_, key);
  if (at == keys_.end() || *at != key) return std::nullopt;
  return users_[static_cast<std::size_t>(at - keys_.begin())];
}

std::optional<UserRecord> StaticUserDatabase::find_rid(std::uint32_t rid) const {
  const auto at = std::ranges::find(users_, rid, &UserRecord::rid);
  if (at == users_.end()) return std::nullopt;
  return *at;
}

Sid make_machine_sid(Bytes random12) {
  HF_ASSERT(random12.size() == 12);
  return Sid(5, {21, load_u32(random12.data()), load_u32(random12.data() + 4),
                 load_u32(random12.data() + 8)});
}

const char* user_name_error(std::string_view name) {
  if (name.empty()) return "a user name cannot be empty";
  if (!is_valid_utf8(name)) return "a user name must be UTF-8";
  if (utf8_to_utf16(name).size() > 64) return "a user name cannot be longer than 64 characters";
  bool only_dots = true;
  for (const char c : name) {
    const auto octet = static_cast<std::uint8_t>(c);
    if (octet < 0x20 || octet == 0x7F) return "a user name cannot have control characters";
    if (std::string_view("\"/\\[]:;|=,+*?<>@").find(c) != std::string_view::npos)
      return "a user name cannot have any of \" / \\ [ ] : ; | = , + * ? < > @";
    only_dots = only_dots && (c == '.' || c == ' ');
  }
  if (only_dots) return "a user name cannot be only dots and spaces";
  return nullptr;
}

}  // namespace holdfast::service
