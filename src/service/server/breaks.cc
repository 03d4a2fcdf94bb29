// SPDX-License-Identifier: Apache-2.0
#include "service/server/breaks.h"

#include "base/failover_limits.h"
#include "base/limits.h"
#include "core/path/path.h"
#include "service/server/keeping.h"
#include "service/server/local_opens.h"
#include "service/server/notifications.h"

namespace holdfast::service {
namespace {

namespace smb2 = wire::smb2;

// Whoever has waited so often gives up: others take the file faster than they can be asked.
constexpr int kMaxWaits = 32;
// A client that answers a break within this time spares the other one the interim response. And who
// is to be told of a break, by another loop, hears of it before the waiting client is told to wait.
constexpr std::uint64_t kInterimAfter_us = 2'000;

void give_up(Server& server, const core::ObjectId& object, std::uint64_t serial) {
  std::vector<core::Wake> wakes;
  server.opens().give_up_break(object, serial, wakes);
  server.waits().wake(wakes);
  server.local_opens().look_again(object);
}

using NoticePtr = std::shared_ptr<const core::BreakNotice>;

/// To the session of one of the holder's opens; to the next one's when that has no channel left.
void send(Server& server, const NoticePtr& notice, std::size_t nth, const ports::Executor* here) {
  const core::CacheBreak& b = notice->what;
  if (nth >= notice->sessions.size()) {
    // Its connections are gone, which nobody may have noticed yet: the time limit decides then.
    if (server.opens().may_come_back(notice->object, b.serial)) return;
    return give_up(server, notice->object, b.serial);
  }
  BreakHooks hooks;
  if (b.serial != 0)
    hooks.still_wanted = [&server, notice] {
      return server.opens().is_breaking(notice->object, notice->what.serial);
    };
  hooks.undeliverable = [&server, notice, nth] { send(server, notice, nth + 1, nullptr); };
  hooks.here = here;
  core::SessionId session = notice->sessions[nth];
  if (!b.is_lease) {
    smb2::OplockBreak message;
    message.oplock_level = b.new_level;
    message.file_id = {notice->persistent_id, b.opens.front()};
    return send_oplock_break(server, session, message, notice->must_seal, std::move(hooks));
  }
  smb2::LeaseBreakNotification message;
  message.new_epoch = b.epoch;
  message.flags = b.must_acknowledge ? smb2::LeaseFlags::kBreakAckRequired : 0;
  message.lease_key = b.lease.key;
  message.current_lease_state = b.current_state;
  message.new_lease_state = b.new_state;
  send_lease_break(server, session, message, notice->must_seal, std::move(hooks));
}

/// Who has lost his connection cannot be told, and cannot give anything back: his opens are closed
/// (MS-SMB2 3.3.4.6, 3.3.4.7), but for those that nobody may take the place of, which only lose
/// their caching.
Task<void> close_orphans(Server& server, ports::Executor& loop, core::BreakNotice notice) {
  for (core::OpenId id : notice.what.opens)
    if (server.opens().gives_way(id)) (void)co_await close_kept(server, loop, id);
  if (notice.what.serial != 0) give_up(server, notice.object, notice.what.serial);
}

}  // namespace

/// A break that was acknowledged leaves its timer, which then finds nothing to do.
void watch_break(Server& server, ports::Executor& loop, const core::ObjectId& object,
                 std::uint64_t serial) {
  loop.start_timer(limits::kBreakTimeout_us,
                   [weak = std::weak_ptr(server.alive()), &server, object, serial] {
                     auto alive = weak.lock();
                     if (alive == nullptr || !server.opens().is_breaking(object, serial)) return;
                     server.event(Severity::kWarning, "caching.break.timeout",
                                  "A client did not give back an oplock or a lease in time.");
                     give_up(server, object, serial);
                   });
}

void send_breaks(Server& server, ports::Executor& loop, std::vector<core::BreakNotice> breaks) {
  for (core::BreakNotice& notice : breaks) {
    std::erase(notice.sessions, core::SessionId{0});
    if (notice.sessions.empty()) {
      spawn(close_orphans(server, loop, std::move(notice)));
      continue;
    }
    if (notice.what.serial != 0) watch_break(server, loop, notice.object, notice.what.serial);
    send(server, std::make_shared<const core::BreakNotice>(std::move(notice)), 0, &loop);
  }
}

void send_breaks_after_reclaim(Server& server, ports::Executor& loop,
                               std::vector<core::BreakNotice> breaks) {
  // Nobody's wait, which an upgrade waits for: the next binary would not know of these breaks.
  auto unsent = std::make_shared<OneShot<NtStatus>>();
  core::WaitToken token = server.waits().add(loop, *unsent);
  loop.start_timer(limits::kBreakAfterReclaim_us,
                   [weak = std::weak_ptr(server.alive()), &server, &loop, unsent, token,
                    breaks = std::move(breaks)]() mutable {
                     auto alive = weak.lock();
                     if (alive == nullptr) return;
                     server.waits().forget(token);
                     send_breaks(server, loop, std::move(breaks));
                   });
}

namespace {

/// Looks at an open that was reclaimed, after `delay_us`: when nothing has been read or written
/// through it since its position (OpenNotes) was `position`, its write caching is asked back;
/// nullopt: in any case.
void ask_later(Server& server, ports::Executor& loop, core::OpenId id, std::uint64_t delay_us,
               std::optional<std::uint64_t> position) {
  auto look = [weak = std::weak_ptr(server.alive()), &server, &loop, id, delay_us, position] {
    auto alive = weak.lock();
    if (alive == nullptr) return;
    std::optional<core::OpenView> open = server.opens().find(id);
    // Closed; or lost once more, and looked at when it is back.
    if (!open || open->session == 0) return;
    std::uint64_t now = open->notes->position.load(std::memory_order_relaxed);
    if (position && now != *position) return ask_later(server, loop, id, delay_us, now);
    send_breaks(server, loop, server.opens().end_write_caching(id));
  };
  loop.start_timer(delay_us, std::move(look));
}

}  // namespace

void ask_for_unwritten(Server& server, ports::Executor& loop, const core::OpenView& open,
                       const core::CachingGrant& caching) {
  bool handles = caching.level == smb2::OplockLevel::kBatch ||
                 (caching.lease.state & smb2::LeaseState::kHandleCaching) != 0;
  if (!handles) return ask_later(server, loop, open.id, limits::kBreakAfterReclaim_us, {});
  ask_later(server, loop, open.id, limits::kRestAfterReclaim_us,
            open.notes->position.load(std::memory_order_relaxed));
}

core::WaitToken BreakWait::token() {
  answer_.emplace();
  token_ = request_.server.waits().add(request_.loop, *answer_);
  return token_;
}

Task<NtStatus> BreakWait::settle(core::BreakOutcome outcome) {
  Server& server = request_.server;
  request_.broke_caching =
      request_.broke_caching || !outcome.breaks.empty() || outcome.status == NtStatus::kPending;
  server.waits().wake(outcome.wakes);
  send_breaks(server, request_.loop, std::move(outcome.breaks));
  if (outcome.status != NtStatus::kPending) {
    server.waits().forget(token_);
    co_return outcome.status;
  }
  // MS-SMB2 3.3.4.2 leaves it to the server who gets an interim response. Windows sends none for a
  // SET_INFO that waits for a break (smbtorture's compound_async.rename_*), and only CREATE gets
  // one within a compound; the answer comes later all the same.
  ports::TimerId interim = 0;
  if (request_.header.command != smb2::Command::kSetInfo && request_.async_id == 0)
    interim = request_.loop.start_timer(kInterimAfter_us, [this] { (void)request_.go_async(); });
  auto cancel = [&server, object = outcome.object, token = token_] {
    if (server.opens().cancel_break_wait(object, token))
      server.waits().wake(token, NtStatus::kCancelled);
  };
  if (request_.cancelled) {
    cancel();
  } else {
    request_.on_cancel = cancel;
  }
  NtStatus status = co_await *answer_;
  if (interim != 0) request_.loop.cancel_timer(interim);
  request_.on_cancel = nullptr;
  co_return status == NtStatus::kSuccess ? NtStatus::kPending : status;
}

namespace {

template <class Target>
Task<NtStatus> break_for(Request& r, Target target, core::BreakReason reason) {
  // Almost always nobody is to be asked: that costs one look and no wait.
  core::BreakOutcome first = r.server.opens().break_caching(target, reason, 0);
  r.broke_caching = r.broke_caching || !first.breaks.empty();
  send_breaks(r.server, r.loop, std::move(first.breaks));
  NtStatus status = first.status;
  BreakWait wait(r);
  for (int i = 0; status == NtStatus::kPending && i < kMaxWaits; ++i)
    status = co_await wait.settle(r.server.opens().break_caching(target, reason, wait.token()));
  co_return status == NtStatus::kPending ? NtStatus::kSharingViolation : status;
}

}  // namespace

Task<NtStatus> break_caching(Request& r, core::OpenId open, core::BreakReason reason) {
  return break_for(r, open, reason);
}

Task<NtStatus> break_caching(Request& r, core::ObjectId object, core::BreakReason reason) {
  return break_for(r, std::move(object), reason);
}

void break_directory_leases(Server& server, ports::Executor& loop, const core::Share& share,
                            std::string_view path, const std::optional<Guid>& parent_lease) {
  if (!server.opens().any_directory_leased() || path.empty()) return;
  std::vector<core::BreakNotice> breaks =
      server.opens().break_directory(share, std::string(core::parent_path(path)), parent_lease);
  if (breaks.empty()) return;
  // The answer to the request goes first, as Windows has it (smbtorture's dirlease.rename,
  // dirlease.unlink_different_set_and_close): nobody waits for these.
  loop.post(
      [weak = std::weak_ptr(server.alive()), &server, &loop, breaks = std::move(breaks)]() mutable {
        if (auto alive = weak.lock()) send_breaks(server, loop, std::move(breaks));
      });
}

Task<void> break_directory_leases(Request& r, const core::OpenView& open) {
  if (!r.server.opens().any_directory_leased()) co_return;
  if (Result<std::string> path = co_await open.file->path(r.io()))
    break_directory_leases(r.server, r.loop, *open.share, *path, open.parent_lease);
}

}  // namespace holdfast::service
