// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/lock.h"

#include <algorithm>

#include "service/handlers/handlers.h"
#include "service/server/breaks.h"
#include "service/server/local_opens.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using smb2::LockElement;

// How long another program's lock is waited for before it is looked for again.
constexpr std::uint64_t kFirstPause_us = 5'000;
constexpr std::uint64_t kMaxPause_us = 200'000;

using Ranges = std::vector<core::ByteRangeLocks::Range>;

/// MS-SMB2 3.3.5.14.1: element by element; what was unlocked before a bad element stays unlocked.
NtStatus unlock_all(Request& r, const core::OpenView& open, const smb2::LockRequest& request) {
  Ranges ranges;
  NtStatus flags_status = NtStatus::kSuccess;
  for (const LockElement& e : request.locks) {
    if (e.flags != LockElement::kFlagUnlock) {
      flags_status = NtStatus::kInvalidParameter;
      break;
    }
    ranges.push_back({e.offset, e.length, false});
  }
  std::vector<core::Wake> wakes;
  NtStatus status = r.server.opens().unlock(open.id, ranges, wakes);
  r.server.local_opens().release_locks(open, ranges);
  r.server.waits().wake(wakes);
  return status == NtStatus::kSuccess ? flags_status : status;
}

/// MS-SMB2 3.3.5.14.2. waits: the (only) element may wait.
Result<Ranges> lock_ranges(const smb2::LockRequest& request, bool& waits) {
  Ranges ranges;
  waits = false;
  for (const LockElement& e : request.locks) {
    std::uint32_t kind = e.flags & ~LockElement::kFlagFailImmediately;
    if (kind != LockElement::kFlagSharedLock && kind != LockElement::kFlagExclusiveLock)
      return fail(NtStatus::kInvalidParameter);
    if ((e.flags & LockElement::kFlagFailImmediately) == 0) waits = true;
    ranges.push_back({e.offset, e.length, kind == LockElement::kFlagExclusiveLock});
  }
  if (waits && ranges.size() > 1) return fail(NtStatus::kInvalidParameter);
  return ranges;
}

Reply done() { return body_reply(smb2::LockResponse{}); }

/// Takes locks that core has just granted from programs on this machine too, or gives them back
/// there: kLockNotGranted.
NtStatus take_locally(Request& r, const core::OpenView& open, const Ranges& ranges) {
  NtStatus status = r.server.local_opens().take_locks(open, ranges);
  if (status == NtStatus::kSuccess) return status;
  std::vector<core::Wake> wakes;
  (void)r.server.opens().unlock(open.id, ranges, wakes);
  r.server.local_opens().release_locks(open, ranges);
  r.server.waits().wake(wakes);
  return status;
}

/// Grants now, or answers STATUS_PENDING and waits for the grant, for CANCEL, or for the end of the
/// handle or the session.
Task<NtStatus> wait_for_clients(Request& r, core::OpenId open, const Ranges& ranges) {
  OneShot<NtStatus> outcome;
  core::WaitToken token = r.server.waits().add(r.loop, outcome);
  std::vector<core::Wake> wakes;
  NtStatus status = r.server.opens().lock(open, ranges, token, wakes);
  r.server.waits().wake(wakes);
  if (status != NtStatus::kPending) {
    r.server.waits().forget(token);
    co_return status;
  }
  if (!r.go_async() || r.cancelled) {
    bool was_waiting = r.server.opens().cancel_lock(open, token);
    if (was_waiting) {
      r.server.waits().forget(token);
      co_return r.cancelled ? NtStatus::kCancelled : r.cannot_wait();
    }
  }
  Server& server = r.server;
  r.on_cancel = [&server, open, token] {
    if (server.opens().cancel_lock(open, token)) server.waits().wake(token, NtStatus::kCancelled);
  };
  status = co_await outcome;
  r.on_cancel = nullptr;
  co_return status;
}

/// A lock that may wait for other clients, and for programs on this machine: Linux tells nobody
/// when those give one back, so they are asked again and again.
Task<Reply> lock_waiting(Request& r, const core::OpenView& open, const Ranges& ranges) {
  for (std::uint64_t pause_us = kFirstPause_us;; pause_us = std::min(2 * pause_us, kMaxPause_us)) {
    NtStatus status = co_await wait_for_clients(r, open.id, ranges);
    if (status != NtStatus::kSuccess) co_return error_reply(status);
    status = take_locally(r, open, ranges);
    if (status == NtStatus::kSuccess) co_return done();
    if (status != NtStatus::kLockNotGranted) co_return error_reply(status);
    if (!r.go_async()) co_return error_reply(r.cannot_wait());
    co_await ports::sleep_for(r.loop, pause_us);
    if (r.cancelled) co_return error_reply(NtStatus::kCancelled);
  }
}

/// Does what the request says.
Task<Reply> execute(Request& r, const smb2::LockRequest& request, const core::OpenView& open) {
  if ((request.locks[0].flags & LockElement::kFlagUnlock) != 0) {
    NtStatus status = unlock_all(r, open, request);
    co_return status == NtStatus::kSuccess ? done() : error_reply(status);
  }
  bool waits;
  Result<Ranges> ranges = lock_ranges(request, waits);
  if (!ranges) co_return error_reply(ranges.error());
  // A client that caches may neither read past others' locks nor keep its own to itself.
  if (NtStatus s = co_await break_caching(r, open.id, core::BreakReason::kDataChanges);
      s != NtStatus::kSuccess)
    co_return error_reply(s);
  if (waits) co_return co_await lock_waiting(r, open, *ranges);
  std::vector<core::Wake> wakes;
  NtStatus status = r.server.opens().lock(open.id, *ranges, 0, wakes);
  r.server.waits().wake(wakes);
  if (status == NtStatus::kSuccess) status = take_locally(r, open, *ranges);
  co_return status == NtStatus::kSuccess ? done() : error_reply(status);
}

/// Locks that would not outlive the server are not granted. What was unlocked stays so: a lock that
/// comes back after a restart goes with its open.
NtStatus take_back(Request& r, const core::OpenView& open, const smb2::LockRequest& request,
                   NtStatus why, bool knows_sequence) {
  if ((request.locks[0].flags & LockElement::kFlagUnlock) != 0) return why;
  // Sent again, it was not done.
  r.server.opens().lock_done(open.id, request.lock_sequence_index(), core::LockSequence::kNone,
                             knows_sequence);
  Ranges ranges;
  for (const LockElement& e : request.locks) ranges.push_back({e.offset, e.length, false});
  std::vector<core::Wake> wakes;
  (void)r.server.opens().unlock(open.id, ranges, wakes);
  r.server.local_opens().release_locks(open, ranges);
  r.server.waits().wake(wakes);
  return why;
}

}  // namespace

/// MS-SMB2 3.3.5.14.
Task<Reply> lock(Request& r) {
  smb2::LockRequest request;
  if (!decode(r.message, request) || request.locks.empty())
    co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) co_return error_reply(open.error());
  if (open->pipe != nullptr || open->is_directory)
    co_return error_reply(NtStatus::kInvalidDeviceRequest);
  constexpr std::uint32_t kReadsOrWrites =
      smb2::FileAccess::kReadData | smb2::FileAccess::kWriteData | smb2::FileAccess::kExecute |
      smb2::FileAccess::kAppendData;
  if (!open->may(kReadsOrWrites)) co_return error_reply(NtStatus::kAccessDenied);

  const core::Negotiated& agreed = *r.connection.negotiated();
  if (agreed.dialect == smb2::Dialect::kSmb202) co_return co_await execute(r, request, *open);
  // A request whose answer was lost comes again, and is not done twice (3.3.5.14).
  bool multichannel = (agreed.server_capabilities & smb2::GlobalCap::kMultiChannel) != 0;
  core::OpenTable& opens = r.server.opens();
  NtStatus before = opens.lock_replay(open->id, request.lock_sequence_index(),
                                      request.lock_sequence_number(), multichannel);
  if (before == NtStatus::kSuccess) co_return done();
  Reply reply = co_await execute(r, request, *open);
  if (reply.status != NtStatus::kSuccess) co_return reply;
  opens.lock_done(open->id, request.lock_sequence_index(), request.lock_sequence_number(),
                  multichannel);
  if (NtStatus s = co_await settle(r, open->persistent_id); s != NtStatus::kSuccess)
    co_return error_reply(take_back(r, *open, request, s, multichannel));
  co_return reply;
}

}  // namespace holdfast::service::handlers
