// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/read.h"

#include <algorithm>

#include "service/handlers/handlers.h"
#include "service/server/local_opens.h"
#include "service/server/pipe_reads.h"
#include "service/server/times.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

/// The answer around `size` octets that stand behind the room for its fixed part.
Reply finish(Buffer message, std::size_t size, NtStatus status) {
  message.truncate(smb2::ReadResponse::kDataOffset + size);
  return fixed_part_reply(smb2::ReadResponse{}, smb2::ReadResponse::kDataOffset, std::move(message),
                          status);
}

/// Waits until there may be something to read.
Task<NtStatus> wait_for_data(Request& r, const core::OpenView& open) {
  Server& server = r.server;
  OneShot<NtStatus> outcome;
  core::WaitToken token = server.waits().add(r.loop, outcome);
  server.pipe_reads().wait(open.id, token);
  auto leave = [&server, id = open.id, token](NtStatus status) {
    if (server.pipe_reads().cancel(id, token)) server.waits().wake(token, status);
  };
  // Whoever writes or closes does it first and wakes second.
  if (open.pipe->available() != 0 || !server.opens().find(open.id)) {
    leave(NtStatus::kSuccess);
    co_return co_await outcome;
  }
  if (!r.go_async()) leave(r.cannot_wait());
  if (r.cancelled) leave(NtStatus::kCancelled);
  r.on_cancel = [leave] { leave(NtStatus::kCancelled); };
  NtStatus status = co_await outcome;
  r.on_cancel = nullptr;
  co_return status;
}

/// MS-SMB2 3.3.5.12: a named pipe blocks until its server has written.
Task<Reply> read_pipe(Request& r, const core::OpenView& open, std::uint32_t length) {
  Result<ports::Pipe::Chunk> chunk = open.pipe->read(length);
  while (!chunk && chunk.error() == NtStatus::kPipeEmpty) {
    if (NtStatus s = co_await wait_for_data(r, open); s != NtStatus::kSuccess)
      co_return error_reply(s);
    if (!r.server.opens().find(open.id)) co_return error_reply(NtStatus::kPipeDisconnected);
    chunk = open.pipe->read(length);
  }
  if (!chunk) co_return error_reply(chunk.error());
  Buffer message = core::new_message(16 + chunk->data.size());
  message.append_zeros(16);
  message.append(chunk->data);
  co_return finish(std::move(message), chunk->data.size(),
                   chunk->more ? NtStatus::kBufferOverflow : NtStatus::kSuccess);
}

}  // namespace

/// MS-SMB2 3.3.5.12.
Task<Reply> read(Request& r) {
  smb2::ReadRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  if (request.channel != smb2::Channel::kNone) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) co_return error_reply(open.error());
  if (request.length > r.connection.negotiated()->max_transact)
    co_return error_reply(NtStatus::kInvalidParameter);
  if (open->pipe != nullptr) co_return co_await read_pipe(r, *open, request.length);
  if (open->is_directory) co_return error_reply(NtStatus::kInvalidDeviceRequest);
  if (!open->may(smb2::FileAccess::kReadData | smb2::FileAccess::kExecute))
    co_return error_reply(NtStatus::kAccessDenied);
  // An offset is a signed 64-bit number in Windows (MS-FSA 2.1.5.3).
  if (request.offset >> 63 != 0 || (request.offset + request.length) >> 63 != 0)
    co_return error_reply(NtStatus::kInvalidParameter);
  if (NtStatus s = r.server.local_opens().check_locks(*open, request.offset, request.length, false);
      s != NtStatus::kSuccess)
    co_return error_reply(s);

  auto kept = co_await times_to_keep(r, *open, core::OpenNotes::kAccess);
  Buffer message = core::new_message(16 + request.length);
  message.append_zeros(16);
  MutBytes data = message.extend(request.length);
  std::optional<Result<std::size_t>> now = open->file->try_read(request.offset, data);
  Result<std::size_t> size =
      now ? std::move(*now) : co_await open->file->read(r.io(), request.offset, data);
  if (!size) co_return error_reply(size.error());
  co_await put_back(r, *open, kept);
  if ((*size == 0 && request.length != 0) || *size < request.minimum_count)
    co_return error_reply(NtStatus::kEndOfFile);
  open->notes->position.store(request.offset + *size, std::memory_order_relaxed);
  r.server.counters().bytes_read.fetch_add(*size, std::memory_order_relaxed);
  Reply reply = finish(std::move(message), *size, NtStatus::kSuccess);
  // MS-SMB2 3.3.5.12: only answers that the client asks to have compressed.
  if ((request.flags & smb2::ReadRequest::kFlagRequestCompressed) != 0)
    reply.compress_from = smb2::ReadResponse::kDataOffset;
  co_return reply;
}

}  // namespace holdfast::service::handlers
