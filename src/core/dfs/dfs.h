// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/session/share.h"
#include "wire/dfsc/referral.h"

namespace holdfast::core {

/// Parses "docs/old = \\server\share\dir, \\other\share", as it is configured; slashes may be of
/// either kind. The error says what is wrong.
struct ParsedDfsLink {
  std::optional<DfsLink> link;
  std::string error;
};
ParsedDfsLink parse_dfs_link(std::string_view text);

/// The name in a CREATE with SMB2_FLAGS_DFS_OPERATIONS, "server\share\path", without its first two
/// components (MS-SMB2 3.3.5.9).
std::string_view without_dfs_prefix(std::string_view name);

/// The link that a path ("a/b", below the share's root) is or lies below; nullptr.
const DfsLink* covering_link(const Share& share, std::string_view path);

/// "\server\share\rest" taken apart; nullopt without a share.
struct DfsPath {
  std::string share;
  /// Joined by '/'.
  std::string rest;
};
std::optional<DfsPath> split_dfs_path(std::string_view path);

/// Answers a request for a path in this share's namespace (MS-DFSC 3.3.5.4): the root's own address
/// or the targets of the link that the path leads through. kNotFound when the share is no
/// namespace.
Result<wire::dfsc::ReferralResponse> refer(const Share& share, std::string_view path);

}  // namespace holdfast::core
