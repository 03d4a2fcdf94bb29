// SPDX-License-Identifier: Apache-2.0
#include "service/logon/user_file.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/utf16.h"

namespace holdfast::service {
namespace {

constexpr std::string_view kMagic = "holdfast-users";
constexpr std::string_view kVersion = "1";

using Error = std::optional<std::string>;

/// Takes words off the front of a line.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) { skip_spaces(); }
  bool at_end() const { return rest_.empty(); }
  /// Up to the next space, or `"` or `=`, which stay.
  std::string_view word() { return take(std::min(rest_.find_first_of(" \t\"="), rest_.size())); }
  bool take_char(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// "text" without its quotes; nullopt when there is no quoted text.
  std::optional<std::string_view> quoted() {
    if (rest_.empty() || rest_[0] != '"') return std::nullopt;
    const std::size_t end = rest_.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  /// True if a space (or the end) stands here, which is skipped.
  bool separated() {
    if (rest_.empty()) return true;
    if (rest_[0] != ' ' && rest_[0] != '\t') return false;
    skip_spaces();
    return true;
  }

 private:
  std::string_view take(std::size_t n) {
    const std::string_view front = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return front;
  }
  void skip_spaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }

  std::string_view rest_;
};

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool parse_hash(std::string_view text, crypto::Digest16& out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* at = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, out[i], 16);
    if (error != std::errc() || end != at + 2) return false;
  }
  return true;
}

bool is_machine_sid(const Sid& sid) {
  return sid.revision == 1 && sid.authority == 5 && sid.count == 4 && sid.sub[0] == 21;
}

class Parser {
 public:
  Error line(std::string_view text) {
    Words words(text);
    const std::string_view first = words.word();
    if (!seen_magic_) return magic(first, words);
    if (first == "machine-sid") return machine_sid(words);
    if (first == "next-rid") return next_rid(words);
    if (first == "user") return user(words);
    return "expected `machine-sid`, `next-rid` or `user`, found `" + std::string(first) + "`";
  }

  Error finish() const {
    if (!seen_magic_) return "the file is empty; its first line must be `holdfast-users 1`";
    if (!seen_sid_) return "`machine-sid` is missing";
    if (!seen_rid_) return "`next-rid` is missing";
    for (const UserRecord& record : file_.users)
      if (record.rid >= file_.next_rid)
        return "`next-rid` must be above every rid, and \"" + record.name + "\" has " +
               std::to_string(record.rid);
    return std::nullopt;
  }

  UserFile take() { return std::move(file_); }

 private:
  Error magic(std::string_view first, Words& words) {
    if (first != kMagic || !words.separated())
      return "this is no file of users: its first line must be `holdfast-users 1`";
    const std::string_view version = words.word();
    if (version != kVersion || !words.separated() || !words.at_end())
      return "format version `" + std::string(version) + "` is not known here; 1 is";
    seen_magic_ = true;
    return std::nullopt;
  }

  Error machine_sid(Words& words) {
    if (seen_sid_) return "`machine-sid` appears twice";
    if (!words.separated()) return "expected `machine-sid S-1-5-21-a-b-c`";
    const std::optional<Sid> sid = Sid::parse(words.word());
    if (!sid || !is_machine_sid(*sid) || !words.separated() || !words.at_end())
      return "expected `machine-sid S-1-5-21-a-b-c`";
    file_.machine_sid = *sid;
    seen_sid_ = true;
    return std::nullopt;
  }

  Error next_rid(Words& words) {
    if (seen_rid_) return "`next-rid` appears twice";
    if (!words.separated()) return "expected `next-rid NUMBER`";
    const auto rid = parse_number(words.word());
    if (!rid || *rid < kFirstUserRid || !words.separated() || !words.at_end())
      return "`next-rid` must be a number of at least 1000";
    file_.next_rid = *rid;
    seen_rid_ = true;
    return std::nullopt;
  }

  Error user(Words& words) {
    if (file_.users.size() == kMaxUsers) return "too many users";
    UserRecord record;
    if (!words.separated()) return "expected `user \"NAME\"`";
    const auto name = words.quoted();
    if (!name || !words.separated()) return "expected `user \"NAME\"`";
    if (const char* error = user_name_error(*name)) return error;
    record.name = *name;
    std::set<std::string_view> seen;
    while (!words.at_end()) {
      const std::string_view key = words.word();
      if (!seen.insert(key).second) return "`" + std::string(key) + "` appears twice";
      if (Error error = attribute(key, words, record)) return error;
      if (!words.separated()) return "expected a space after `" + std::string(key) + "`";
    }
    if (!seen.contains("rid")) return "`rid` is missing";
    if (!seen.contains("nt-hash")) return "`nt-hash` is missing";
    if (!names_.insert(fold_name(record.name)).second)
      return "the user \"" + record.name + "\" appears twice";
    if (!rids_.insert(record.rid).second)
      return "rid " + std::to_string(record.rid) + " is another user's";
    file_.users.push_back(std::move(record));
    return std::nullopt;
  }

  static Error attribute(std::string_view key, Words& words, UserRecord& record) {
    if (key == "admin") return record.admin = true, std::nullopt;
    if (key == "disabled") return record.disabled = true, std::nullopt;
    if (key != "rid" && key != "nt-hash" && key != "unix")
      return "`" + std::string(key) + "` is not known; rid, nt-hash, unix, admin, disabled are";
    if (!words.take_char('=')) return "expected `=` after `" + std::string(key) + "`";
    if (key == "rid") {
      const auto rid = parse_number(words.word());
      if (!rid || *rid < kFirstUserRid) return "`rid` must be a number of at least 1000";
      record.rid = *rid;
    } else if (key == "nt-hash") {
      if (!parse_hash(words.word(), record.nt_hash)) return "`nt-hash` must be 32 hex digits";
    } else {
      const auto name = words.quoted();
      if (!name || name->empty()) return "expected `unix=\"NAME\"`";
      record.unix_name = *name;
    }
    return std::nullopt;
  }

  UserFile file_;
  bool seen_magic_ = false;
  bool seen_sid_ = false;
  bool seen_rid_ = false;
  std::set<std::string> names_;
  std::set<std::uint32_t> rids_;
};

}  // namespace

std::expected<UserFile, UserFileError> parse_user_file(std::string_view text) {
  Parser parser;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line[begin] == '#') continue;
    if (auto error = parser.line(line))
      return std::unexpected(UserFileError{number, std::move(*error)});
  }
  if (auto error = parser.finish())
    return std::unexpected(UserFileError{std::max<std::size_t>(number, 1), std::move(*error)});
  return parser.take();
}

std::string serialize_user_file(const UserFile& file) {
  std::string out(kMagic);
  out += " ";
  out += kVersion;
  out += "\nmachine-sid " + file.machine_sid.to_string();
  out += "\nnext-rid " + std::to_string(file.next_rid) + "\n";
  for (const UserRecord& user : file.users) {
    out += "user \"" + user.name + "\" rid=" + std::to_string(user.rid) + " nt-hash=";
    for (std::uint8_t octet : user.nt_hash) {
      out += "0123456789abcdef"[octet >> 4];
      out += "0123456789abcdef"[octet & 15];
    }
    if (!user.unix_name.empty()) out += " unix=\"" + user.unix_name + "\"";
    if (user.admin) out += " admin";
    if (user.disabled) out += " disabled";
    out += "\n";
  }
  return out;
}

UserRecord* find_user(UserFile& file, std::string_view name) {
  const auto at = std::ranges::find_if(
      file.users, [&](const UserRecord& user) { return same_name(user.name, name); });
  return at == file.users.end() ? nullptr : &*at;
}

std::expected<void, std::string> add_user(UserFile& file, UserRecord user) {
  if (const char* error = user_name_error(user.name)) return std::unexpected(error);
  if (find_user(file, user.name) != nullptr)
    return std::unexpected("the user \"" + user.name + "\" exists already");
  if (user.unix_name.find_first_of("\"\n") != std::string::npos)
    return std::unexpected("a Unix account's name cannot have quotes or line ends");
  if (file.users.size() >= kMaxUsers || file.next_rid == 0xFFFFFFFF)
    return std::unexpected("there are too many users");
  user.rid = file.next_rid++;
  file.users.push_back(std::move(user));
  return {};
}

bool remove_user(UserFile& file, std::string_view name) {
  return std::erase_if(file.users,
                       [&](const UserRecord& user) { return same_name(user.name, name); }) != 0;
}

}  // namespace holdfast::service
