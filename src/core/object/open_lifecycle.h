// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/object/channel_sequence.h"
#include "core/object/open_record.h"
#include "core/session/session.h"

namespace holdfast::core {

/// What an open is beside its object: whose it is, and what becomes of it without its connection.
struct OpenLife {
  DurableKind durable = DurableKind::kNone;
  std::uint32_t durable_timeout_ms = 0;
  bool resilient = false;
  std::uint32_t resilient_timeout_ms = 0;
  /// Its CREATE may be sent again (Open.IsReplayEligible).
  bool replay_eligible = false;
  /// A persistent open through which something was written or set: who sends its CREATE once more
  /// has had the answer.
  bool used = false;
  wire::smb2::CreateAction create_action = wire::smb2::CreateAction::kOpened;
  ChannelSequence channel;
  LockSequence lock_sequence;
  /// Its session is gone (Open.Session is NULL); it is closed at expires_us, monotonic, unless it
  /// is reclaimed.
  bool disconnected = false;
  std::uint64_t expires_us = 0;
};

/// What an open is promised, or asks for.
struct DurableGrant {
  DurableKind kind = DurableKind::kNone;
  std::uint32_t timeout_ms = 0;
};

/// One request that names an open, for MS-SMB2 3.3.5.2.10.
struct RequestMark {
  std::uint16_t channel_sequence = 0;
  bool is_replay = false;
  /// WRITE, SET_INFO and IOCTL: what is stale is refused.
  bool modifies = false;
  /// False in dialects before 3.0: nothing is stale.
  bool verifies = false;
};

/// A durable, resilient or persistent open is to be reclaimed (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
struct Reclaim {
  std::uint64_t persistent_id = 0;
  /// Version 2 (DH2C).
  bool version2 = false;
  Guid create_guid;
  /// SMB2_DHANDLE_FLAG_PERSISTENT.
  bool persistent = false;
  Guid client_guid;
  std::optional<Guid> lease_key;
  /// Of a lease of version 2: Epoch, as the client knows it.
  std::optional<std::uint16_t> lease_epoch;
  /// As the request names it, for opens with a lease.
  std::string path;
  // What the open belongs to then.
  SessionId session = 0;
  std::uint32_t tree = 0;
  ConnectionId connection = 0;
  std::shared_ptr<const Share> share;
  std::shared_ptr<const ports::Identity> identity;
  std::uint16_t channel_sequence = 0;
};

}  // namespace holdfast::core
