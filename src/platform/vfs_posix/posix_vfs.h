// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "platform/loop/file_io.h"
#include "ports/local_coherence.h"
#include "ports/vfs.h"

namespace holdfast::platform {

struct PosixVfsOptions {
  /// The directory to serve. It is opened once; what happens to the path later does not matter.
  std::string root;
  /// Shown as the volume's label.
  std::string label;
  /// A name in the root that is the server's own: not there for clients, in any case, and not to be
  /// made (kAccessDenied). Empty: none.
  std::string reserved_name;
  /// Unix mode of new objects for which the caller gives none, less the process's umask.
  std::uint32_t file_mode = 0644;
  std::uint32_t directory_mode = 0755;
  /// Whether operations come with act_as_user set; opening the share fails where that cannot work.
  bool acts_as_users = false;
  /// Reads, writes and syncs that may wait. Without: Executor::run_blocking.
  FileIoProvider* file_io = nullptr;
  /// Of make_local_coherence(), one for all; without: what other programs do to open files is not
  /// asked for.
  std::shared_ptr<ports::LocalCoherence> coherence;
  /// Memory for indexes of names, octets.
  std::size_t max_index_bytes = std::size_t{64} << 20;
};

/// A directory of a Linux file system as a share. Errors are sentences for an administrator.
std::expected<std::shared_ptr<ports::Vfs>, std::string> open_posix_vfs(PosixVfsOptions options);

/// False: other machines may have the file system of this path mounted (network and cluster file
/// systems).
bool is_mounted_here_only(const std::string& path);

/// Kernel leases and locks, for PosixVfsOptions::coherence.
std::shared_ptr<ports::LocalCoherence> make_local_coherence();

}  // namespace holdfast::platform
