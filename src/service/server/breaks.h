// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

namespace holdfast::service {

/// Tells the holders of oplocks and leases, and gives those that must acknowledge
/// limits::kBreakTimeout_us (MS-SMB2 3.3.4.6, 3.3.4.7, 3.3.6.1).
void send_breaks(Server& server, ports::Executor& loop, std::vector<core::BreakNotice> breaks);

/// The same, limits::kBreakAfterReclaim_us later.
void send_breaks_after_reclaim(Server& server, ports::Executor& loop,
                               std::vector<core::BreakNotice> breaks);

/// A client that has an open back may have data in its cache that its program believes written, and
/// not know of it: Linux 6.1 only marks the pages of a WRITE that was in flight dirty again, and
/// the close(2) that is to have them written is past them already. So W caching of the open is
/// asked back, once: before the client acknowledges that, it writes what it has
/// (MS-SMB2 3.2.5.19.2). With H caching it keeps the handle for a second after the program has
/// closed it; then that can wait until nothing has been read or written for
/// limits::kRestAfterReclaim_us, and whoever goes on writing keeps its cache. Without, it is asked
/// limits::kBreakAfterReclaim_us from now.
void ask_for_unwritten(Server& server, ports::Executor& loop, const core::OpenView& open,
                       const core::CachingGrant& caching);

/// A break that an earlier binary has sent is still to be answered.
void watch_break(Server& server, ports::Executor& loop, const core::ObjectId& object,
                 std::uint64_t serial);

/// A request's wait for others to let go of an oplock or a lease. Asks for a token, is told
/// kPending, waits, and decides again.
class BreakWait {
 public:
  explicit BreakWait(Request& r) : request_(r) {}
  BreakWait(const BreakWait&) = delete;
  BreakWait& operator=(const BreakWait&) = delete;

  core::WaitToken token();
  /// Sends what is to be sent. When the outcome is kPending: waits, with an interim response
  /// unless it is short or none can be sent, and says kPending: ask again; or kCancelled. Otherwise
  /// the outcome's status.
  Task<NtStatus> settle(core::BreakOutcome outcome);

 private:
  Request& request_;
  std::optional<OneShot<NtStatus>> answer_;
  core::WaitToken token_ = 0;
};

/// Takes from others the caching that does not go with what the request is about to do through this
/// open; returns when they have let go. kCancelled, or an error when the wait does not end.
Task<NtStatus> break_caching(Request& r, core::OpenId open, core::BreakReason reason);
/// The same for the object behind a name.
Task<NtStatus> break_caching(Request& r, core::ObjectId object, core::BreakReason reason);

/// The entry `path` of a directory has changed: breaks the leases of the directory, except the one
/// that the client who did it says it holds (MS-FSA 2.1.4.12, PARENT_OBJECT). Nobody waits.
void break_directory_leases(Server& server, ports::Executor& loop, const core::Share& share,
                            std::string_view path, const std::optional<Guid>& parent_lease);
/// The same for what was done through this open.
Task<void> break_directory_leases(Request& r, const core::OpenView& open);

}  // namespace holdfast::service
