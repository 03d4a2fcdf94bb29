// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// Names on disk and names as clients see them. All are UTF-8 (WTF-8).
///
/// What a Windows name cannot hold is shown in the private use area, as the "Services for
/// Macintosh" mapping of the Linux and macOS clients does: controls 01-1F as U+F001-U+F01F, `" * :
/// < > ? \ |` as U+F020-U+F027, a last space as U+F028, a last period as U+F029. Octets that are
/// not UTF-8 are shown as U+F780-U+F7FF (octet 80-FF). Names that hold characters of these ranges
/// themselves show them octet by octet, so that to_disk(to_wire(name)) is the name, for every name.
namespace holdfast::platform::posix {

/// One component as clients see it.
std::string to_wire(std::string_view disk_name);

/// One component on disk. kObjectNameInvalid: empty, ".", "..", longer than 255 octets on disk,
/// with a separator, a NUL, not UTF-8, or with a character that Windows forbids (clients send those
/// mapped).
Result<std::string> to_disk(std::string_view wire_name);

/// A whole path, "" = root; at most limits::kMaxPathDepth components.
Result<std::string> path_to_disk(std::string_view wire_path);
std::string path_to_wire(std::string_view disk_path);

/// "a/b/c" -> "a/b" and "c"; "c" -> "" and "c".
struct SplitPath {
  std::string_view parent;
  std::string_view name;
};
SplitPath split_path(std::string_view path);
std::string join_path(std::string_view parent, std::string_view name);

}  // namespace holdfast::platform::posix
