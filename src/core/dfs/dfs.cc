// SPDX-License-Identifier: Apache-2.0
#include "core/dfs/dfs.h"

#include "base/utf16.h"

namespace holdfast::core {
namespace {

using wire::dfsc::ReferralResponse;

bool is_separator(char c) { return c == '/' || c == '\\'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The components, without empty ones.
std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = begin;
    while (end < path.size() && !is_separator(path[end])) ++end;
    if (end != begin) out.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string joined(const std::vector<std::string_view>& parts, std::size_t first, char separator) {
  std::string out;
  for (std::size_t i = first; i < parts.size(); ++i) {
    if (!out.empty()) out += separator;
    out += parts[i];
  }
  return out;
}

/// Octets in UTF-16 of path up to the end of its count-th component.
std::uint16_t consumed(std::string_view path, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0; --count) {
    while (at < path.size() && is_separator(path[at])) ++at;
    while (at < path.size() && !is_separator(path[at])) ++at;
  }
  return static_cast<std::uint16_t>(2 * utf8_to_utf16(path.substr(0, at)).size());
}

}  // namespace

ParsedDfsLink parse_dfs_link(std::string_view text) {
  std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return {std::nullopt, "expected \"path = \\\\server\\share\""};
  std::vector<std::string_view> parts = components(trimmed(text.substr(0, equals)));
  if (parts.empty()) return {std::nullopt, "expected a path in front of the ="};
  for (std::string_view part : parts)
    if (part == "." || part == ".." || part.find_first_of("\"*:<>?|") != std::string_view::npos)
      return {std::nullopt, "expected a path of plain names in front of the ="};
  DfsLink link{joined(parts, 0, '/'), {}};
  for (std::string_view rest = text.substr(equals + 1); !rest.empty();) {
    std::size_t comma = rest.find(',');
    std::vector<std::string_view> target = components(trimmed(rest.substr(0, comma)));
    if (target.size() < 2) return {std::nullopt, "expected targets like \\\\server\\share"};
    link.targets.push_back("\\" + joined(target, 0, '\\'));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  if (link.targets.empty()) return {std::nullopt, "expected a target behind the ="};
  if (link.targets.size() > ReferralResponse::kMaxReferrals)
    return {std::nullopt, "expected fewer targets"};
  return {std::move(link), ""};
}

std::string_view without_dfs_prefix(std::string_view name) {
  for (int i = 0; i < 2; ++i) {
    std::size_t separator = name.find('\\');
    if (separator == std::string_view::npos) return {};
    name.remove_prefix(separator + 1);
  }
  return name;
}

const DfsLink* covering_link(const Share& share, std::string_view path) {
  for (const DfsLink& link : share.dfs_links) {
    std::vector<std::string_view> theirs = components(path), ours = components(link.path);
    if (theirs.size() < ours.size()) continue;
    bool same = true;
    for (std::size_t i = 0; same && i < ours.size(); ++i) same = same_name(theirs[i], ours[i]);
    if (same) return &link;
  }
  return nullptr;
}

std::optional<DfsPath> split_dfs_path(std::string_view path) {
  std::vector<std::string_view> parts = components(path);
  if (parts.size() < 2) return std::nullopt;
  return DfsPath{std::string(parts[1]), joined(parts, 2, '/')};
}

Result<ReferralResponse> refer(const Share& share, std::string_view path) {
  std::optional<DfsPath> split = split_dfs_path(path);
  if (share.dfs_links.empty() || !split) return fail(NtStatus::kNotFound);
  std::vector<std::string_view> parts = components(path);
  const DfsLink* link = covering_link(share, split->rest);
  std::size_t depth = 2 + (link == nullptr ? 0 : components(link->path).size());
  parts.resize(depth);
  ReferralResponse response;
  response.dfs_path = "\\" + joined(parts, 0, '\\');
  response.path_consumed = consumed(path, depth);
  response.header_flags = ReferralResponse::kStorageServers;
  if (link == nullptr) {
    // MS-DFSC 3.3.5.3: a root that is not of a domain is its own, and only, target.
    response.is_root = true;
    response.header_flags |= ReferralResponse::kReferralServers;
    response.referrals.push_back({response.dfs_path, false});
    return response;
  }
  for (const std::string& target : link->targets) response.referrals.push_back({target, false});
  return response;
}

}  // namespace holdfast::core
