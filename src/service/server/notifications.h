// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "service/server/server.h"
#include "wire/smb2/oplock_break.h"

namespace holdfast::service {

/// What a break notification asks while it is on its way. Both are called on any loop, hold no lock
/// and must not wait; what they capture must be ids, not pointers into tables.
struct BreakHooks {
  /// False: the break was acknowledged or has ended otherwise, so it is not sent again. Empty: it
  /// is sent again until a client's TCP has confirmed it: who does not hear of a break that wants
  /// no answer goes on reading what is stale.
  std::function<bool()> still_wanted;
  /// The session has no channel that it could be sent on, and it was never sent. Called at most
  /// once: the break is to be completed as if the holder had given up everything (MS-SMB2 3.3.4.6,
  /// 3.3.4.7).
  std::function<void()> undeliverable;
  /// The caller's loop: a channel of that loop is told before the caller goes on.
  const ports::Executor* here = nullptr;
};

/// Sends an oplock break notification to a session (MS-SMB2 3.3.4.6), from any thread; returns at
/// once. The channel is chosen here (3.3.4.1.6). When it is lost, or its client does not confirm
/// the octets within limits::kNotificationRetry_us, the next channel is tried, each once. A channel
/// that has not confirmed an earlier notification is silent and comes last.
/// must_seal: the open's tree connect is encrypted; a session that encrypts is respected anyway.
void send_oplock_break(Server& server, core::SessionId session,
                       const wire::smb2::OplockBreak& notification, bool must_seal,
                       BreakHooks hooks = {});

/// The same for a lease (MS-SMB2 3.3.4.7): to the session of one of its opens.
void send_lease_break(Server& server, core::SessionId session,
                      const wire::smb2::LeaseBreakNotification& notification, bool must_seal,
                      BreakHooks hooks = {});

}  // namespace holdfast::service
