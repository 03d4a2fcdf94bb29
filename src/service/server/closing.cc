// SPDX-License-Identifier: Apache-2.0
#include "service/server/closing.h"

#include "core/path/tunnel_cache.h"
#include "service/server/breaks.h"
#include "service/server/driver.h"
#include "service/server/keeping.h"
#include "service/server/local_opens.h"
#include "service/server/pipe_reads.h"
#include "service/server/request.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service {

namespace Filter = wire::smb2::CompletionFilter;

void report_changes(Server& server, const core::Share& share,
                    std::span<const core::NotifyChange> changes) {
  std::vector<core::Wake> wakes;
  server.notifications().report(share.vfs.get(), changes, wakes);
  server.waits().wake(wakes);
}

void report_change(Server& server, const core::Share& share, std::string_view path,
                   core::NotifyAction action, std::uint32_t filter) {
  core::NotifyChange change{path, action, filter};
  report_changes(server, share, std::span(&change, 1));
}

Task<void> report_open(Request& r, const core::OpenView& open, core::NotifyAction action,
                       std::uint32_t filter) {
  if (r.server.notifications().idle()) co_return;
  Result<std::string> path = co_await open.file->path(r.io());
  if (!path) co_return;
  if (open.file->stream().empty()) {
    report_change(r.server, *open.share, *path, action, filter);
    co_return;
  }
  // A stream's size and data have filters of their own; the rest is the file's.
  std::uint32_t of_stream = ((filter & Filter::kSize) != 0 ? Filter::kStreamSize : 0) |
                            ((filter & Filter::kLastWrite) != 0 ? Filter::kStreamWrite : 0);
  std::uint32_t of_file = filter & ~(Filter::kSize | Filter::kLastWrite);
  std::string name = *path + ":" + open.file->stream();
  if (of_stream != 0)
    report_change(r.server, *open.share, name, core::NotifyAction::kModifiedStream, of_stream);
  if (of_file != 0) report_change(r.server, *open.share, *path, action, of_file);
}

void report_going(Server& server, const core::Share& share, std::string_view path) {
  std::vector<core::Wake> wakes;
  server.notifications().directory_going(share.vfs.get(), path, wakes);
  server.waits().wake(wakes);
}

namespace {

/// Removes the name, and for good where that was promised; an error is that it is not removed.
Task<Result<void>> remove_name(Server& server, ports::IoContext io,
                               const core::CloseOutcome& closed) {
  ports::Vfs& vfs = *closed.share->vfs;
  if (!closed.remove_durably) co_return co_await vfs.remove(io, *closed.file);
  // Before the records of its opens go: until then the next server removes it again.
  Result<bool> for_good = co_await vfs.remove_durably(io, *closed.file);
  if (!for_good) co_return fail(for_good.error());
  if (!*for_good)
    server.event(Severity::kWarning, "file.remove.not_durable",
                 "Removed " + closed.share->name + ":/" + closed.path +
                     ", which a client deleted, but the disk did not confirm it: it may come back "
                     "when the machine is lost.",
                 {{"share", closed.share->name}, {"path", closed.path}});
  co_return Result<void>{};
}

/// Tells of a removal, or of one that failed.
void tell_removal(Server& server, ports::Executor& loop, const core::CloseOutcome& closed,
                  const Result<void>& removed) {
  const core::Share& share = *closed.share;
  if (removed) {
    bool stream = !closed.object.stream.empty();
    if (!stream && !closed.is_directory)
      server.tunnel_cache().removed(share.vfs.get(), closed.path, loop.clock().monotonic_us());
    break_directory_leases(server, loop, share, closed.path, closed.parent_lease);
    report_change(server, share, stream ? closed.path + ":" + closed.file->stream() : closed.path,
                  stream ? core::NotifyAction::kRemovedStream : core::NotifyAction::kRemoved,
                  stream                ? Filter::kStreamName
                  : closed.is_directory ? Filter::kDirName
                                        : Filter::kFileName);
  } else if (removed.error() != NtStatus::kFileDeleted) {
    server.event(Severity::kWarning, "file.remove.failed",
                 "Could not remove " + share.name + ":/" + closed.path +
                     ", which a client deleted: " + to_string(removed.error()) + ".",
                 {{"share", share.name}, {"path", closed.path}});
  }
}

}  // namespace

Task<bool> close_open(Server& server, ports::Executor& loop, core::OpenId id) {
  core::CloseOutcome outcome = server.opens().close(id);
  if (!outcome.found) co_return false;
  co_await finish_closing(server, loop, id, std::move(outcome));
  co_return true;
}

Task<void> finish_closing(Server& server, ports::Executor& loop, core::OpenId id,
                          core::CloseOutcome outcome) {
  if (!outcome.create_key.create_guid.is_zero())
    server.create_replays().forget(outcome.create_key, id);
  server.notifications().remove(id, outcome.wakes);
  server.pipe_reads().wake(id, outcome.wakes);
  server.waits().wake(outcome.wakes);
  if (outcome.marked_to_go) report_going(server, *outcome.share, outcome.path);
  send_breaks(server, loop, std::move(outcome.breaks));
  server.local_opens().closed(id, outcome);
  if (outcome.modified)
    break_directory_leases(server, loop, *outcome.share, outcome.path, outcome.parent_lease);
  if (!outcome.remove) co_return;
  if (outcome.share->failover != nullptr &&
      !outcome.share->failover->may_serve(loop.clock().monotonic_us())) {
    // Another instance has the volume, with this open's wish to remove the object.
    std::vector<core::Wake> wakes;
    server.opens().removal_finished(outcome, wakes, true);
    server.waits().wake(wakes);
    co_return;
  }

  ports::IoContext io = io_of(loop, *outcome.share, *outcome.identity);
  Result<void> removed = co_await remove_name(server, io, outcome);
  std::vector<core::Wake> wakes;
  bool left = !removed && removed.error() == NtStatus::kFileForcedClosed;
  server.opens().removal_finished(outcome, wakes, left);
  server.waits().wake(wakes);
  tell_removal(server, loop, outcome, removed);
}

Task<void> end_tree(Server& server, ports::Executor& loop, core::SessionPtr session,
                    std::uint32_t tree) {
  {
    Lock lock(session->mutex);
    session->trees.erase(tree);
  }
  for (core::OpenId id : server.opens().of_tree(session->id, tree))
    (void)co_await close_open(server, loop, id);
}

Task<void> end_session(Server& server, ports::Executor& loop, core::SessionId id, SessionEnd how) {
  core::SessionPtr session = server.sessions().remove(id);
  if (session == nullptr) co_return;
  std::shared_ptr<const ports::Identity> identity = session->who();
  {
    Lock lock(session->mutex);
    session->state = core::SessionState::kExpired;
    session->ended = true;
    session->trees.clear();
  }
  for (core::ConnectionId lost : server.stranded().of(id))
    server.on_connection(lost, [id](Driver* driver) {
      if (driver != nullptr) driver->cancel_requests_of(id);
    });
  for (core::OpenId open : server.opens().of_session(id)) {
    if (how == SessionEnd::kLost && keep_open(server, loop, open)) continue;
    (void)co_await close_open(server, loop, open);
  }
  if (identity != nullptr)
    server.event(Severity::kInfo, "session.ended",
                 "User " + (identity->is_anonymous ? "(anonymous)" : identity->user) + " from " +
                     session->client_address + " logged off.",
                 {{"user", identity->user}, {"address", session->client_address}});
}

}  // namespace holdfast::service
