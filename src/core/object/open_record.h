// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guid.h"
#include "base/nt_time.h"
#include "base/sid.h"
#include "core/object/byte_range_locks.h"
#include "core/object/lock_sequence.h"
#include "ports/vfs.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

/// What an open was promised for the time after its connection (MS-SMB2 3.3.1.10: Open.IsDurable,
/// Open.IsPersistent).
enum class DurableKind : std::uint8_t {
  kNone = 0,
  kVersion1 = 1,
  kVersion2 = 2,
  kPersistent = 3,
};

/// Open.AppInstanceId, with the version if the client gave one.
struct AppInstance {
  Guid id;
  struct Version {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Version&) const = default;
  };
  std::optional<Version> version;
  bool operator==(const AppInstance&) const = default;
};

/// Everything of an open that a client would miss if the server forgot it: a value, apart from the
/// open itself, with nothing in it that means something in one process only. What a state store
/// keeps; its members are stored by these names and never change their meaning.
struct OpenRecord {
  /// FileId.Persistent.
  std::uint64_t persistent_id = 0;
  Guid create_guid;
  Guid client_guid;
  /// Open.DurableOwner.
  Sid owner;
  std::string owner_name;
  std::optional<AppInstance> app_instance;

  std::string share;
  ports::FileKey key;
  std::string stream;
  /// Below the share's root, in real case.
  std::string path;
  bool is_directory = false;
  /// Where a rename that has begun takes it: the object has the one name or the other.
  std::string renaming_to;

  std::uint32_t access = 0;
  std::uint32_t share_access = 0;
  std::uint32_t options = 0;
  bool delete_on_close = false;
  /// Of the object: it goes with its last open.
  bool delete_pending = false;
  bool posix = false;
  bool must_seal = false;
  NtTime created;
  wire::smb2::CreateAction create_action = wire::smb2::CreateAction::kOpened;
  /// OpenNotes.
  std::uint8_t kept_times = 0;
  std::uint32_t mode = 0;

  DurableKind durable = DurableKind::kNone;
  std::uint32_t durable_timeout_ms = 0;
  bool resilient = false;
  std::uint32_t resilient_timeout_ms = 0;

  wire::smb2::OplockLevel oplock_level = wire::smb2::OplockLevel::kNone;
  struct Lease {
    Guid key;
    std::optional<Guid> parent_key;
    /// LeaseState bits.
    std::uint32_t state = 0;
    std::uint16_t epoch = 0;
    std::uint8_t version = 1;
    bool operator==(const Lease&) const = default;
  };
  std::optional<Lease> lease;

  std::vector<ByteRangeLocks::Range> locks;
  LockSequence lock_sequence;
  std::uint16_t channel_sequence = 0;
};

}  // namespace holdfast::core
