// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::core {

/// A name of a CREATE or rename, taken apart.
struct ParsedPath {
  /// Components joined by '/', "" = the share's root. Without "." and "..".
  std::string path;
  /// Named stream; "" = the unnamed one.
  std::string stream;
  /// The name ended in "::$DATA" or ":x:$DATA": never a directory (MS-FSA 2.1.5.1).
  bool has_stream_type = false;
  /// "::$INDEX_ALLOCATION": the directory itself.
  bool is_index_allocation = false;
  /// The name ended in a backslash: only a directory will do.
  bool trailing_separator = false;
};

/// Parses a file name as MS-SMB2 2.2.13 and MS-FSA 2.1.5.1 have it: backslashes (or slashes)
/// between components, no leading one (kInvalidParameter), no wildcards or control characters
/// (kObjectNameInvalid),
/// ".." never above the root (kObjectPathSyntaxBad), at most limits::kMaxComponentUnits a
/// component.
Result<ParsedPath> parse_path(std::string_view utf8);

/// Parses a name of a client that speaks the SMB3 POSIX extensions: '/' between components, every
/// other character belongs to the name. There are no streams. What a Windows name cannot hold
/// becomes its character of the private use area, as everywhere inside.
Result<ParsedPath> parse_posix_path(std::string_view utf8);

/// A \\server\share path's last part; nullopt when it is not one (MS-SMB2 2.2.9).
std::string_view share_of_unc(std::string_view utf8);

/// The last component; the parent of "a/b" is "a", of "a" is "".
std::string_view last_component(std::string_view path);
std::string_view parent_path(std::string_view path);
/// With backslashes, as clients want it.
std::string to_backslashes(std::string_view path);

}  // namespace holdfast::core
