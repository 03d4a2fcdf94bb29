// SPDX-License-Identifier: Apache-2.0
#include "service/server/closing.h"

#include "service/server/request.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service {

namespace Filter = wire::smb2::CompletionFilter;

void report_change(Server& server, const core::Share& share, std::string_view path,
                   core::NotifyAction action, std::uint32_t filter) {
  std::vector<core::Wake> wakes;
  server.notifications().report(share.vfs.get(), path, action, filter, wakes);
  server.waits().wake(wakes);
}

Task<bool> close_open(Server& server, ports::Executor& loop, core::OpenId id) {
  core::CloseOutcome outcome = server.opens().close(id);
  if (!outcome.found) co_return false;
  server.notifications().remove(id, outcome.wakes);
  server.waits().wake(outcome.wakes);
  if (!outcome.remove) co_return true;

  ports::IoContext io = io_of(loop, *outcome.share, *outcome.identity);
  Result<void> removed = co_await outcome.share->vfs->remove(io, *outcome.file);
  server.opens().removal_finished(outcome.object);
  if (removed) {
    bool stream = !outcome.object.stream.empty();
    report_change(server, *outcome.share, outcome.path, core::NotifyAction::kRemoved,
                  stream                 ? Filter::kStreamName
                  : outcome.is_directory ? Filter::kDirName
                                         : Filter::kFileName);
  } else if (removed.error() != NtStatus::kFileDeleted) {
    server.event(Severity::kWarning, "file.remove.failed",
                 "Could not remove " + outcome.share->name + ":/" + outcome.path +
                     ", which a client deleted: " + to_string(removed.error()) + ".",
                 {{"share", outcome.share->name}, {"path", outcome.path}});
  }
  co_return true;
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

Task<void> end_session(Server& server, ports::Executor& loop, core::SessionId id) {
  core::SessionPtr session = server.sessions().remove(id);
  if (session == nullptr) co_return;
  std::shared_ptr<const ports::Identity> identity = session->who();
  {
    Lock lock(session->mutex);
    session->state = core::SessionState::kExpired;
    session->ended = true;
    session->trees.clear();
  }
  for (core::OpenId open : server.opens().of_session(id))
    (void)co_await close_open(server, loop, open);
  if (identity != nullptr)
    server.event(Severity::kInfo, "session.ended",
                 "User " + (identity->is_anonymous ? "(anonymous)" : identity->user) + " from " +
                     session->client_address + " logged off.",
                 {{"user", identity->user}, {"address", session->client_address}});
}

}  // namespace holdfast::service
