// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ports/snapshots.h"

namespace holdfast::platform {

struct SnapshotOptions {
  enum class Kind : std::uint8_t {
    /// Entries of the directory, named by their time as `format` has it.
    kNamed,
    /// Subvolumes in the directory or one level below, at their time of creation.
    kBtrfs,
  };
  Kind kind = Kind::kNamed;
  /// Absolute. Need not exist yet.
  std::string directory;
  /// strptime(3), UTC.
  std::string format = "@GMT-%Y.%m.%d-%H.%M.%S";
  /// From a snapshot's root to the share's files in it; "" = the root.
  std::string path_within;
  /// As PosixVfsOptions::acts_as_users.
  bool acts_as_users = false;
};

/// Snapshots that are directories. The directory is read anew for every question: snapshots come
/// and go.
std::shared_ptr<ports::SnapshotProvider> make_snapshot_provider(SnapshotOptions options);

}  // namespace holdfast::platform
