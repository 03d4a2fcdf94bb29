// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guid.h"
#include "base/nt_time.h"
#include "base/sid.h"
#include "wire/message.h"

/// What the state store keeps. README.md has the rules for new versions.
namespace holdfast::wire::state {

enum class Table : std::uint16_t {
  /// One record, with an empty key: ServerState.
  kServer = 1,
  /// Key: FileId.Persistent, 8 octets. OpenState.
  kOpens = 2,
  /// Key: peer and local address and port, as they stand in ConnectionState.
  kConnections = 3,
};

/// Largest numbers of locks and octets that a record is read with.
inline constexpr std::size_t kMaxLocks = 65'536;

/// What every value begins with.
struct Version {
  std::uint16_t version = 1;
  std::uint16_t readable_by = 1;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
  }
};
HF_WIRE_STRUCT(Version);

/// One byte-range lock.
struct LockRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint8_t exclusive = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(offset));
    v.field(HF_FIELD(length));
    v.field(HF_FIELD(exclusive));
  }
  bool operator==(const LockRange&) const = default;
};

/// core::OpenRecord. Version 2 has the fields from create_action on.
struct OpenState {
  static constexpr std::uint16_t kVersion = 2;
  enum Flags : std::uint32_t {
    kHasAppInstance = 0x001,
    kHasAppVersion = 0x002,
    kIsDirectory = 0x004,
    kDeleteOnClose = 0x008,
    kResilient = 0x010,
    kHasLease = 0x020,
    kHasParentLease = 0x040,
    kHasLockSequence = 0x080,
    kDeletePending = 0x100,
    kPosix = 0x200,
    kMustSeal = 0x400,
  };

  std::uint16_t version = kVersion;
  std::uint16_t readable_by = 1;
  std::uint32_t flags = 0;
  std::uint64_t persistent_id = 0;
  Guid create_guid, client_guid;
  Sid owner;
  /// UTF-8, as are share, stream and path.
  Bytes owner_name;
  Guid app_instance;
  std::uint64_t app_version_high = 0, app_version_low = 0;
  Bytes share;
  std::uint64_t device = 0, inode = 0;
  Bytes stream;
  Bytes path;
  std::uint32_t access = 0, share_access = 0, options = 0;
  NtTime created;
  std::uint8_t durable = 0;
  std::uint32_t durable_timeout_ms = 0, resilient_timeout_ms = 0;
  std::uint8_t oplock_level = 0;
  Guid lease_key, parent_lease_key;
  std::uint32_t lease_state = 0;
  std::uint16_t lease_epoch = 0;
  std::uint8_t lease_version = 0;
  std::uint16_t channel_sequence = 0;
  std::array<std::uint8_t, 64> lock_sequence{};
  std::vector<LockRange> locks;
  std::uint8_t create_action = 1;
  /// OpenNotes: times that the client keeps, FILE_MODE_INFORMATION.
  std::uint8_t kept_times = 0;
  std::uint32_t mode = 0;
  Bytes renaming_to;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
    v.check(self.version != 0 && self.readable_by <= kVersion);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(persistent_id));
    v.field(HF_FIELD(create_guid));
    v.field(HF_FIELD(client_guid));
    v.field(HF_FIELD(owner));
    auto owner_region = v.region();
    v.length16(owner_region);
    v.inline_data(owner_region, HF_FIELD(owner_name));
    if ((self.flags & kHasAppInstance) != 0) v.field(HF_FIELD(app_instance));
    if ((self.flags & kHasAppVersion) != 0) {
      v.field(HF_FIELD(app_version_high));
      v.field(HF_FIELD(app_version_low));
    }
    self.describe_object(v);
    v.field(HF_FIELD(access));
    v.field(HF_FIELD(share_access));
    v.field(HF_FIELD(options));
    v.field(HF_FIELD(created));
    v.field(HF_FIELD(durable));
    v.field(HF_FIELD(durable_timeout_ms));
    v.field(HF_FIELD(resilient_timeout_ms));
    v.field(HF_FIELD(oplock_level));
    if ((self.flags & kHasLease) != 0) {
      v.field(HF_FIELD(lease_key));
      if ((self.flags & kHasParentLease) != 0) v.field(HF_FIELD(parent_lease_key));
      v.field(HF_FIELD(lease_state));
      v.field(HF_FIELD(lease_epoch));
      v.field(HF_FIELD(lease_version));
    }
    v.field(HF_FIELD(channel_sequence));
    if ((self.flags & kHasLockSequence) != 0) v.field(HF_FIELD(lock_sequence));
    auto lock_region = v.region();
    v.count32(lock_region);
    v.list(lock_region, HF_FIELD(locks), kMaxLocks);
    if (self.version >= 2) {
      v.field(HF_FIELD(create_action));
      v.field(HF_FIELD(kept_times));
      v.field(HF_FIELD(mode));
      auto renaming_region = v.region();
      v.length32(renaming_region);
      v.inline_data(renaming_region, HF_FIELD(renaming_to));
    }
  }

 private:
  void describe_object(this auto& self, auto& v) {
    auto share_region = v.region();
    v.length16(share_region);
    v.inline_data(share_region, HF_FIELD(share));
    v.field(HF_FIELD(device));
    v.field(HF_FIELD(inode));
    auto stream_region = v.region();
    v.length16(stream_region);
    v.inline_data(stream_region, HF_FIELD(stream));
    auto path_region = v.region();
    v.length32(path_region);
    v.inline_data(path_region, HF_FIELD(path));
  }
};
HF_WIRE_STRUCT(OpenState);

/// The server that clients know, whichever process it is.
struct ServerState {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  std::uint16_t readable_by = 1;
  Guid server_guid;
  /// No FileId.Persistent from here on was given out.
  std::uint64_t next_persistent_id = 1;
  std::uint64_t next_session_id = 1;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
    v.check(self.version != 0 && self.readable_by <= kVersion);
    v.field(HF_FIELD(server_guid));
    v.field(HF_FIELD(next_persistent_id));
    v.field(HF_FIELD(next_session_id));
  }
  bool operator==(const ServerState&) const = default;
};
HF_WIRE_STRUCT(ServerState);

/// A connection whose peer is told when the server comes back. Addresses are IPv6; IPv4 ones are
/// mapped
/// (::ffff:a.b.c.d).
struct ConnectionState {
  static constexpr std::uint16_t kVersion = 1;
  enum Flags : std::uint32_t {
    /// The peer is a proxy; peer and local are those of the client, as the proxy named them.
    kBehindProxy = 0x1,
  };
  std::uint16_t version = kVersion;
  std::uint16_t readable_by = 1;
  std::uint32_t flags = 0;
  std::array<std::uint8_t, 16> peer{};
  std::uint16_t peer_port = 0;
  std::array<std::uint8_t, 16> local{};
  std::uint16_t local_port = 0;
  NtTime accepted;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
    v.check(self.version != 0 && self.readable_by <= kVersion);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(peer));
    v.field(HF_FIELD(peer_port));
    v.field(HF_FIELD(local));
    v.field(HF_FIELD(local_port));
    v.field(HF_FIELD(accepted));
  }
  bool operator==(const ConnectionState&) const = default;
};
HF_WIRE_STRUCT(ConnectionState);

/// Who serves a volume (core/failover/epoch.h).
struct EpochState {
  static constexpr std::uint16_t kVersion = 1;
  static constexpr std::size_t kMaxHost = 255;
  enum Activity : std::uint8_t {
    kClean = 1,
    kActive = 2,
    /// Written by an instance that does not serve yet: another may be writing its own.
    kTaking = 3,
  };
  std::uint16_t version = kVersion;
  std::uint16_t readable_by = 1;
  std::uint64_t epoch = 0;
  /// Of the process, made at its start; of the machine, made at its boot.
  Guid instance, boot;
  std::uint32_t lease_ms = 0;
  std::uint64_t renewals = 0;
  std::uint8_t activity = kClean;
  /// When this was begun to be written, on the clock of that boot: microseconds since.
  std::uint64_t renewed_us = 0;
  /// When the epoch was taken, for people.
  NtTime taken;
  Bytes host;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
    v.check(self.version != 0 && self.readable_by <= kVersion);
    v.field(HF_FIELD(epoch));
    v.field(HF_FIELD(instance));
    v.field(HF_FIELD(boot));
    v.field(HF_FIELD(lease_ms));
    v.field(HF_FIELD(renewals));
    v.field(HF_FIELD(activity));
    v.check(self.activity >= kClean && self.activity <= kTaking);
    v.field(HF_FIELD(renewed_us));
    v.field(HF_FIELD(taken));
    auto host_region = v.region();
    v.length16(host_region);
    v.inline_data(host_region, HF_FIELD(host));
    v.check(self.host.size() <= kMaxHost);
  }
};
HF_WIRE_STRUCT(EpochState);

}  // namespace holdfast::wire::state
