// SPDX-License-Identifier: Apache-2.0
#include "core/failover/records.h"

#include <bit>

namespace holdfast::core::failover {
namespace {

using wire::smb2::OplockLevel;
using wire::state::OpenState;

/// LockSequence is a plain array of its entries.
using Entries = std::array<std::uint8_t, LockSequence::kEntries>;
static_assert(sizeof(LockSequence) == sizeof(Entries));

Bytes at_most(std::string_view text, std::size_t size) {
  return as_bytes(text.substr(0, std::min(text.size(), size)));
}

template <class T>
ByteVec encoded(const T& value) {
  Buffer out;
  Writer writer(out);
  wire::state::encode(value, writer);
  return to_vec(out.view());
}

/// Why `octets` could not be decoded.
RecordProblem problem_of(Bytes octets, std::uint16_t known) {
  wire::state::Version version;
  if (!wire::state::decode(octets, version)) return RecordProblem::kMalformed;
  return version.readable_by > known ? RecordProblem::kNewer : RecordProblem::kMalformed;
}

template <class T>
Record<T> decoded(Bytes octets) {
  T value;
  if (!wire::state::decode(octets, value)) return std::unexpected(problem_of(octets, T::kVersion));
  return value;
}

std::uint32_t flags_of(const OpenRecord& open) {
  std::uint32_t flags = 0;
  if (open.app_instance) flags |= OpenState::kHasAppInstance;
  if (open.app_instance && open.app_instance->version) flags |= OpenState::kHasAppVersion;
  if (open.is_directory) flags |= OpenState::kIsDirectory;
  if (open.delete_on_close) flags |= OpenState::kDeleteOnClose;
  if (open.resilient) flags |= OpenState::kResilient;
  if (open.lease) flags |= OpenState::kHasLease;
  if (open.lease && open.lease->parent_key) flags |= OpenState::kHasParentLease;
  if (open.lock_sequence != LockSequence{}) flags |= OpenState::kHasLockSequence;
  if (open.delete_pending) flags |= OpenState::kDeletePending;
  if (open.posix) flags |= OpenState::kPosix;
  if (open.must_seal) flags |= OpenState::kMustSeal;
  return flags;
}

bool is_oplock_level(std::uint8_t level) {
  switch (static_cast<OplockLevel>(level)) {
    case OplockLevel::kNone:
    case OplockLevel::kII:
    case OplockLevel::kExclusive:
    case OplockLevel::kBatch:
    case OplockLevel::kLease: return true;
  }
  return false;
}

bool plausible(const OpenState& s) {
  const bool has_app = (s.flags & OpenState::kHasAppInstance) != 0;
  const bool has_lease = (s.flags & OpenState::kHasLease) != 0;
  if (s.durable > static_cast<std::uint8_t>(DurableKind::kPersistent)) return false;
  if (!is_oplock_level(s.oplock_level)) return false;
  if (s.create_action > static_cast<std::uint8_t>(wire::smb2::CreateAction::kOverwritten))
    return false;
  if (!has_app && (s.flags & OpenState::kHasAppVersion) != 0) return false;
  return has_lease || (s.flags & OpenState::kHasParentLease) == 0;
}

/// What is there only when a flag says so.
void take_optional(const OpenState& s, OpenRecord& open) {
  if ((s.flags & OpenState::kHasAppInstance) != 0) {
    open.app_instance.emplace().id = s.app_instance;
    if ((s.flags & OpenState::kHasAppVersion) != 0)
      open.app_instance->version = {s.app_version_high, s.app_version_low};
  }
  if ((s.flags & OpenState::kHasLease) != 0) {
    OpenRecord::Lease lease;
    lease.key = s.lease_key;
    if ((s.flags & OpenState::kHasParentLease) != 0) lease.parent_key = s.parent_lease_key;
    lease.state = s.lease_state;
    lease.epoch = s.lease_epoch;
    lease.version = s.lease_version;
    open.lease = lease;
  }
  if ((s.flags & OpenState::kHasLockSequence) != 0)
    open.lock_sequence = std::bit_cast<LockSequence>(s.lock_sequence);
}

}  // namespace

std::array<std::uint8_t, 8> open_key(std::uint64_t persistent_id) {
  std::array<std::uint8_t, 8> key;
  store_u64(key.data(), persistent_id);
  return key;
}

ByteVec encode_open(const OpenRecord& open) {
  OpenState s;
  s.flags = flags_of(open);
  s.persistent_id = open.persistent_id;
  s.create_guid = open.create_guid;
  s.client_guid = open.client_guid;
  s.owner = open.owner;
  s.owner_name = at_most(open.owner_name, 0xFFFF);
  if (open.app_instance) {
    s.app_instance = open.app_instance->id;
    const auto version = open.app_instance->version.value_or(AppInstance::Version{});
    s.app_version_high = version.high;
    s.app_version_low = version.low;
  }
  s.share = at_most(open.share, 0xFFFF);
  s.device = open.key.device;
  s.inode = open.key.inode;
  s.stream = at_most(open.stream, 0xFFFF);
  s.path = as_bytes(open.path);
  s.access = open.access;
  s.share_access = open.share_access;
  s.options = open.options;
  s.created = open.created;
  s.durable = static_cast<std::uint8_t>(open.durable);
  s.durable_timeout_ms = open.durable_timeout_ms;
  s.resilient_timeout_ms = open.resilient_timeout_ms;
  s.oplock_level = static_cast<std::uint8_t>(open.oplock_level);
  if (open.lease) {
    s.lease_key = open.lease->key;
    s.parent_lease_key = open.lease->parent_key.value_or(Guid{});
    s.lease_state = open.lease->state;
    s.lease_epoch = open.lease->epoch;
    s.lease_version = open.lease->version;
  }
  s.channel_sequence = open.channel_sequence;
  s.lock_sequence = std::bit_cast<Entries>(open.lock_sequence);
  for (const ByteRangeLocks::Range& lock : open.locks)
    s.locks.push_back({lock.offset, lock.length, static_cast<std::uint8_t>(lock.exclusive)});
  s.create_action = static_cast<std::uint8_t>(open.create_action);
  s.kept_times = open.kept_times;
  s.mode = open.mode;
  s.renaming_to = as_bytes(open.renaming_to);
  return encoded(s);
}

Record<OpenRecord> decode_open(Bytes value) {
  OpenState s;
  if (!wire::state::decode(value, s))
    return std::unexpected(problem_of(value, OpenState::kVersion));
  if (!plausible(s)) return std::unexpected(RecordProblem::kMalformed);
  OpenRecord open;
  open.persistent_id = s.persistent_id;
  open.create_guid = s.create_guid;
  open.client_guid = s.client_guid;
  open.owner = s.owner;
  open.owner_name = as_text(s.owner_name);
  open.share = as_text(s.share);
  open.key = {s.device, s.inode};
  open.stream = as_text(s.stream);
  open.path = as_text(s.path);
  open.is_directory = (s.flags & OpenState::kIsDirectory) != 0;
  open.access = s.access;
  open.share_access = s.share_access;
  open.options = s.options;
  open.delete_on_close = (s.flags & OpenState::kDeleteOnClose) != 0;
  open.created = s.created;
  open.durable = static_cast<DurableKind>(s.durable);
  open.durable_timeout_ms = s.durable_timeout_ms;
  open.resilient = (s.flags & OpenState::kResilient) != 0;
  open.resilient_timeout_ms = s.resilient_timeout_ms;
  open.oplock_level = static_cast<OplockLevel>(s.oplock_level);
  open.channel_sequence = s.channel_sequence;
  take_optional(s, open);
  for (const wire::state::LockRange& lock : s.locks)
    open.locks.push_back({lock.offset, lock.length, lock.exclusive != 0});
  open.delete_pending = (s.flags & OpenState::kDeletePending) != 0;
  open.posix = (s.flags & OpenState::kPosix) != 0;
  open.must_seal = (s.flags & OpenState::kMustSeal) != 0;
  open.create_action = static_cast<wire::smb2::CreateAction>(s.create_action);
  open.kept_times = s.kept_times;
  open.mode = s.version >= 2 ? s.mode : s.options;
  open.renaming_to = as_text(s.renaming_to);
  return open;
}

ByteVec encode_server(const wire::state::ServerState& server) { return encoded(server); }
Record<wire::state::ServerState> decode_server(Bytes value) {
  return decoded<wire::state::ServerState>(value);
}

ByteVec connection_key(const wire::state::ConnectionState& connection) {
  Buffer out;
  Writer writer(out);
  writer.bytes(connection.peer);
  writer.u16(connection.peer_port);
  writer.bytes(connection.local);
  writer.u16(connection.local_port);
  return to_vec(out.view());
}
ByteVec encode_connection(const wire::state::ConnectionState& connection) {
  return encoded(connection);
}
Record<wire::state::ConnectionState> decode_connection(Bytes value) {
  return decoded<wire::state::ConnectionState>(value);
}

}  // namespace holdfast::core::failover
