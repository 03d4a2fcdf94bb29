// SPDX-License-Identifier: Apache-2.0
#include "app/config/share_edit.h"

#include <vector>

#include "app/config/loader.h"
#include "base/utf16.h"

namespace holdfast::app {
namespace {

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
    line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    end = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool is_blank_or_comment(std::string_view line) {
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  line = trimmed(line);
  return line.empty() || line.front() == '#';
}

bool is_comment(std::string_view line) {
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  line = trimmed(line);
  return !line.empty() && line.front() == '#';
}

std::string toml_list(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) out += (out.size() > 1 ? ", " : "") + toml_quoted(item);
  return out + "]";
}

}  // namespace

std::string toml_quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet == 0x7F) {
      out += "\\u00";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

namespace {

void add_cluster(const ShareConfig& share, std::string& out) {
  if (share.cluster != ClusterKind::kNone)
    out += share.cluster == ClusterKind::kScaleout ? "cluster = \"scaleout\"\n"
                                                   : "cluster = \"failover\"\n";
  constexpr const char* kMaxLease[] = {"auto", "none", "r", "rh", "rwh"};
  if (share.max_lease != MaxLease::kAuto)
    out += "max_lease = \"" + std::string(kMaxLease[static_cast<std::size_t>(share.max_lease)]) +
           "\"\n";
}

void add_elsewhere(const ShareConfig& share, const ShareConfig& usual, std::string& out) {
  auto text = [&out](const char* key, const std::string& value, const std::string& default_value) {
    if (value != default_value) out += std::string(key) + " = " + toml_quoted(value) + "\n";
  };
  if (share.snapshots != usual.snapshots)
    out += share.snapshots == SnapshotKind::kBtrfs ? "snapshots = \"btrfs\"\n"
                                                   : "snapshots = \"directory\"\n";
  text("snapshot_dir", share.snapshot_dir, usual.snapshot_dir);
  text("snapshot_format", share.snapshot_format, usual.snapshot_format);
  text("snapshot_path", share.snapshot_path, usual.snapshot_path);
  if (!share.dfs_links.empty()) out += "dfs_links = " + toml_list(share.dfs_links) + "\n";
}

void add_apple(const ShareConfig& share, std::string& out) {
  if (share.apple) out += "apple = true\n";
  if (share.apple_netatalk_metadata) out += "apple_metadata = \"netatalk\"\n";
  if (share.time_machine) out += "time_machine = true\n";
  if (share.time_machine_max_size != 0)
    out += "time_machine_max_size = " + std::to_string(share.time_machine_max_size) + "\n";
}

}  // namespace

std::string with_share(std::string_view text, const ShareConfig& share) {
  std::string out(text);
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (!out.empty()) out += '\n';
  out +=
      "[[share]]\nname = " + toml_quoted(share.name) + "\npath = " + toml_quoted(share.path) + "\n";
  const ShareConfig usual;
  auto flag = [&](const char* key, bool value) {
    if (value) out += std::string(key) + " = true\n";
  };
  if (!share.comment.empty()) out += "comment = " + toml_quoted(share.comment) + "\n";
  flag("read_only", share.read_only);
  if (!share.users.empty()) out += "users = " + toml_list(share.users) + "\n";
  if (!share.read_only_users.empty())
    out += "read_only_users = " + toml_list(share.read_only_users) + "\n";
  flag("guest", share.guest);
  flag("hidden", share.hidden);
  flag("access_based_enumeration", share.access_based_enumeration);
  if (share.compress_data) out += "compression = \"desired\"\n";
  flag("hide_dot_files", share.hide_dot_files);
  if (!share.hide_files.empty()) out += "hide_files = " + toml_list(share.hide_files) + "\n";
  if (!share.streams) out += "streams = false\n";
  flag("keep_acl_flags", share.keep_acl_flags);
  if (!share.change_notify) out += "change_notify = false\n";
  if (!share.local_changes) out += "local_changes = false\n";
  if (share.max_file_size != 0)
    out += "max_file_size = " + std::to_string(share.max_file_size) + "\n";
  flag("continuous_availability", share.continuous_availability);
  if (!share.state_path.empty()) out += "state_path = " + toml_quoted(share.state_path) + "\n";
  if (share.writes_survive == WritesSurvive::kProcess)
    out += "writes_survive = \"loss-of-process\"\n";
  flag("keep_durable_handles", share.keep_durable_handles);
  add_cluster(share, out);
  flag("local_coherence", share.local_coherence);
  if (share.encryption != usual.encryption)
    out += share.encryption == core::Requirement::kOff ? "encryption = \"off\"\n"
                                                       : "encryption = \"required\"\n";
  add_apple(share, out);
  add_elsewhere(share, usual, out);
  if (share.identity != usual.identity)
    out += share.identity == IdentityMode::kUser ? "identity = \"user\"\n"
                                                 : "identity = \"service\"\n";
  return out;
}

std::expected<std::string, std::string> without_share(std::string_view text,
                                                      std::string_view name) {
  LoadResult loaded = parse_config(text, "the configuration");
  if (!loaded.ok())
    return std::unexpected("the file has mistakes; correct them first:\n" + loaded.report());
  std::uint32_t at = 0;
  for (const ShareConfig& s : loaded.config.shares)
    if (same_name(s.name, name)) at = s.line;
  if (at == 0) return std::unexpected("there is no share \"" + std::string(name) + "\"");

  std::vector<std::string_view> lines = split_lines(text);
  std::size_t header = at - 1;
  if (header >= lines.size() || !trimmed(lines[header]).starts_with("[["))
    return std::unexpected("share \"" + std::string(name) + "\" in line " + std::to_string(at) +
                           " is not written as a [[share]] block; remove it with an editor");
  std::size_t end = header + 1;
  // The block ends where the next table begins. A line of a list cannot be mistaken for one: lists
  // of lists are nowhere in the schema.
  while (end < lines.size() && !trimmed(lines[end]).starts_with("[")) ++end;
  while (end > header + 1 && is_blank_or_comment(lines[end - 1])) --end;
  std::size_t begin = header;
  while (begin > 0 && is_comment(lines[begin - 1])) --begin;
  // A comment at the very top speaks of the whole file.
  if (begin == 0) begin = header;
  if (begin > 0 && begin == header) {
    while (begin > 0 && lines[begin - 1] == "\n" && end < lines.size() && lines[end] == "\n")
      --begin;
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (i < begin || i >= end) out += lines[i];
  LoadResult check = parse_config(out, "the configuration");
  if (!check.ok() || check.config.shares.size() + 1 != loaded.config.shares.size())
    return std::unexpected("share \"" + std::string(name) +
                           "\" cannot be cut out of the file; remove it with an editor");
  return out;
}

}  // namespace holdfast::app
