// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace holdfast::ports {

class Vfs;

/// Something that happened to a name without this server's doing: a local program, another
/// protocol.
struct LocalChange {
  enum class Kind : std::uint8_t {
    kCreated,
    kRemoved,
    /// From path to new_path, both watched.
    kRenamed,
    /// Data or size.
    kWritten,
    /// Mode, owner, times, extended attributes.
    kAttributes,
    /// Changes below the directory `path` may have been missed.
    kLost,
  };
  Kind kind;
  bool is_directory = false;
  /// Below the share's root, as clients see it.
  std::string path;
  std::string new_path;
};

/// Who is told. Called on any thread, one call at a time for each Vfs, in the order of events.
class LocalChangeSink {
 public:
  virtual ~LocalChangeSink() = default;
  virtual void on_local_changes(const Vfs& vfs, std::span<const LocalChange> changes) = 0;
};

/// Dropping it ends the watch.
class ChangeWatch {
 public:
  virtual ~ChangeWatch() = default;
};

}  // namespace holdfast::ports
