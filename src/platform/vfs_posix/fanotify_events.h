// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/vfs_posix/unique_fd.h"

/// fanotify as this folder uses it: groups that tell directory and name of what happened, and who
/// did it (Linux 5.9; 5.13 without privileges; both names of a rename from 5.17).
namespace holdfast::platform::posix {

/// A file system object as the kernel names it in events: type and octets of its file handle.
using HandleKey = std::string;

struct FanotifyEvent {
  struct Name {
    HandleKey directory;
    std::string name;
  };
  /// FAN_*; several where the kernel has merged events of one name.
  std::uint64_t mask = 0;
  /// Made by a thread of this process.
  bool is_own = false;
  bool is_directory = false;
  std::optional<Name> where;
  /// Of FAN_RENAME; each there if its directory is marked.
  std::optional<Name> from;
  std::optional<Name> to;
};

/// A group, or an invalid descriptor where the kernel has none for us. Reads do not wait.
UniqueFd open_fanotify();
/// Which object that is; empty: its file system cannot tell.
HandleKey handle_key_of(int fd);
/// Asks for events of the entries of this directory. False: refused.
bool mark_directory(int fanotify, int directory);
void unmark_directory(int fanotify, int directory);
/// The events of what one read() gave.
std::vector<FanotifyEvent> parse_fanotify(const char* data, std::size_t size);

}  // namespace holdfast::platform::posix
