// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/close.h"

#include "service/handlers/handlers.h"
#include "service/server/closing.h"
#include "service/server/hidden.h"
#include "service/server/keeping.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

namespace {

/// A client that closes a handle which it has lost and will not reclaim (Linux does): it is
/// answered that there is no such open (3.3.5.10), but nobody has to wait any longer for its
/// return.
Task<void> end_lost(Request& r, smb2::FileId id) {
  if (id.persistent == 0) co_return;
  core::OpenTable::LeftBehind own = r.own_leftovers();
  own.persistent_id = id.persistent;
  for (core::OpenId lost : r.server.opens().left_behind(own))
    (void)co_await close_kept(r.server, r.loop, lost);
}

}  // namespace

/// MS-SMB2 3.3.5.10.
Task<Reply> close(Request& r) {
  smb2::CloseRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) {
    if (open.error() == NtStatus::kFileClosed) co_await end_lost(r, request.file_id);
    co_return error_reply(open.error());
  }
  smb2::CloseResponse response;
  if ((request.flags & smb2::CloseRequest::kFlagPostqueryAttrib) != 0 && open->file != nullptr) {
    if (Result<ports::FileInfo> info = co_await open->file->info(r.io())) {
      co_await show_hidden(r, *open, *info);
      response.flags = smb2::CloseRequest::kFlagPostqueryAttrib;
      response.creation_time = info->creation_time;
      response.last_access_time = info->last_access_time;
      response.last_write_time = info->last_write_time;
      response.change_time = info->change_time;
      response.allocation_size = info->allocation_size;
      response.end_of_file = info->end_of_file;
      response.file_attributes = info->attributes;
    }
  }
  bool closed = co_await close_open(r.server, r.loop, open->id);
  if (!closed) co_return error_reply(NtStatus::kFileClosed);
  co_return body_reply(response);
}

}  // namespace holdfast::service::handlers
