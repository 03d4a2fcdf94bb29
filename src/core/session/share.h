// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ports/vfs.h"

namespace holdfast::core {

enum class ShareType : std::uint8_t { kDisk, kPipe };

/// A policy that can be off, wished for, or a condition. kOffered is for encryption only: there for
/// clients that ask for it, and not asked of them.
enum class Requirement : std::uint8_t { kOff, kDesired, kRequired, kOffered };

/// One share as configured. Immutable: a changed configuration makes a new one, and tree connects
/// keep the one they were made with.
struct Share {
  std::string name;
  std::string comment;
  ShareType type = ShareType::kDisk;
  /// Where it is, for people ("/srv/data").
  std::string location;
  std::shared_ptr<ports::Vfs> vfs;
  bool read_only = false;
  bool hidden = false;
  bool guest_ok = false;
  /// Users (as in Identity::user) who may connect; empty: everybody who logged on.
  std::vector<std::string> allowed_users;
  /// Users who get read access only, whatever the security descriptors say.
  std::vector<std::string> read_only_users;
  Requirement encryption = Requirement::kDesired;
  /// Clients are told that they may compress all that they read and write (MS-SMB2 2.2.10
  /// SMB2_SHAREFLAG_COMPRESS_DATA).
  bool compress_data = false;
  /// Entries that the user may not read are not listed (MS-SMB2 3.3.5.18).
  bool access_based_enumeration = false;
  /// System calls are made as the user who logged on; otherwise as the service account, and
  /// Holdfast's own access check decides.
  bool act_as_user = false;
};

}  // namespace holdfast::core
