// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/change_notify.h"

#include "core/path/path.h"
#include "service/handlers/handlers.h"
#include "wire/fscc/notify.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

/// `ready` is not kNo.
Reply answer(core::NotifyTable::Ready ready, const std::vector<core::NotifyEvent>& events,
             std::uint32_t room) {
  if (ready == core::NotifyTable::Ready::kOverflow) return error_reply(NtStatus::kNotifyEnumDir);
  std::vector<wire::fscc::NotifyInformation> list;
  for (const core::NotifyEvent& e : events)
    list.push_back({static_cast<wire::fscc::FileAction>(e.action), core::to_backslashes(e.name)});
  Buffer octets;
  Writer writer(octets);
  // What does not fit is not told in part (MS-SMB2 3.3.4.4): the client looks for itself.
  if (!wire::fscc::append_notify_list(list, room, writer))
    return error_reply(NtStatus::kNotifyEnumDir);
  smb2::ChangeNotifyResponse response;
  response.output_buffer = octets;
  return body_reply(response);
}

}  // namespace

/// MS-SMB2 3.3.5.19.
Task<Reply> change_notify(Request& r) {
  smb2::ChangeNotifyRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) co_return error_reply(open.error());
  if (!open->share->change_notify) co_return error_reply(NtStatus::kNotImplemented);
  if (!open->is_directory) co_return error_reply(NtStatus::kInvalidParameter);
  if (!open->may(smb2::FileAccess::kListDirectory)) co_return error_reply(NtStatus::kAccessDenied);
  if (request.output_buffer_length > r.connection.negotiated()->max_transact)
    co_return error_reply(NtStatus::kInvalidParameter);
  // Bits of CompletionFilter that mean nothing match nothing; they are no error (smbtorture
  // smb2.notify.mask, against Windows). Neither are none at all after a first request.
  Result<std::string> path = co_await open->file->path(r.io());
  if (!path) co_return error_reply(NtStatus::kDeletePending);

  core::NotifyTable& table = r.server.notifications();
  bool tree = (request.flags & smb2::ChangeNotifyRequest::kFlagWatchTree) != 0;
  bool first = table.watch(open->id, {open->share->vfs.get(), *path, tree,
                                      request.completion_filter, request.output_buffer_length});
  if (first && open->share->local_changes)
    table.feed(open->id, co_await open->share->vfs->watch_local_changes(
                             r.io(), open->file, tree, r.server.local_change_sink()));
  // Whoever closes a handle first takes it out of the open table, then its watch out of this one.
  if (!r.server.opens().find(open->id)) {
    std::vector<core::Wake> wakes;
    table.remove(open->id, wakes);
    r.server.waits().wake(wakes);
    co_return error_reply(NtStatus::kNotifyCleanup);
  }
  std::vector<core::NotifyEvent> events;
  while (true) {
    core::NotifyTable::Ready ready = table.take(open->id, events);
    if (ready != core::NotifyTable::Ready::kNo)
      co_return answer(ready, events, request.output_buffer_length);
    OneShot<NtStatus> outcome;
    core::WaitToken token = r.server.waits().add(r.loop, outcome);
    if (!table.wait(open->id, token)) {
      r.server.waits().forget(token);
      if (!r.server.opens().find(open->id)) co_return error_reply(NtStatus::kNotifyCleanup);
      continue;
    }
    // Whoever marks the directory to be deleted does it first and wakes second.
    if (r.server.opens().is_delete_pending(open->id) && table.cancel(open->id, token)) {
      r.server.waits().forget(token);
      co_return error_reply(NtStatus::kDeletePending);
    }
    bool possible = r.go_async();
    Server& server = r.server;
    r.on_cancel = [&server, id = open->id, token] {
      if (server.notifications().cancel(id, token))
        server.waits().wake(token, NtStatus::kCancelled);
    };
    if (!possible || r.cancelled) r.cancel();
    NtStatus status = co_await outcome;
    r.on_cancel = nullptr;
    if (status == NtStatus::kSuccess) {
      ready = table.given(token, events);
      co_return answer(ready, events, request.output_buffer_length);
    }
    co_return error_reply(possible ? status : r.cannot_wait());
  }
}

}  // namespace holdfast::service::handlers
