// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/write.h"

#include "service/handlers/handlers.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/local_opens.h"
#include "service/server/times.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

Reply answer(std::size_t count) {
  smb2::WriteResponse response;
  response.count = static_cast<std::uint32_t>(count);
  return body_reply(response);
}

}  // namespace

/// MS-SMB2 3.3.5.13.
Task<Reply> write(Request& r) {
  smb2::WriteRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  if (request.channel != smb2::Channel::kNone) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) co_return error_reply(open.error());
  if (request.data.size() > r.connection.negotiated()->max_transact)
    co_return error_reply(NtStatus::kInvalidParameter);
  if (open->pipe != nullptr) {
    if (Result<void> done = open->pipe->write(request.data); !done)
      co_return error_reply(done.error());
    co_return answer(request.data.size());
  }
  if (open->is_directory) co_return error_reply(NtStatus::kInvalidDeviceRequest);
  constexpr std::uint32_t kWrites = smb2::FileAccess::kWriteData | smb2::FileAccess::kAppendData;
  if (!open->may(kWrites)) co_return error_reply(NtStatus::kAccessDenied);
  std::uint64_t offset = request.offset;
  // An append-only open writes at the end of the file wherever it says, all ones included (MS-FSA
  // 2.1.5.4). To other opens Windows' server refuses what is no offset (smbtorture
  // smb2.rw.invalid).
  bool append = (open->access & kWrites) == smb2::FileAccess::kAppendData;
  if (append) {
    Result<ports::FileInfo> info = co_await open->file->info(r.io());
    if (!info) co_return error_reply(info.error());
    offset = info->end_of_file;
  }
  if (offset >> 63 != 0 || (offset + request.data.size()) >> 63 != 0)
    co_return error_reply(NtStatus::kInvalidParameter);
  if (!request.data.empty() && passes_largest_file(*open->share, offset + request.data.size()))
    co_return error_reply(NtStatus::kInvalidParameter);
  if (NtStatus s = co_await break_caching(r, open->id, core::BreakReason::kWrite);
      s != NtStatus::kSuccess)
    co_return error_reply(s);
  if (NtStatus s = r.server.local_opens().check_locks(*open, offset, request.data.size(), true);
      s != NtStatus::kSuccess)
    co_return error_reply(s);
  if (request.data.empty()) co_return answer(0);

  bool through =
      (request.flags & smb2::WriteRequest::kFlagWriteThrough) != 0 ||
      (open->notes->mode.load(std::memory_order_relaxed) & smb2::CreateOptions::kWriteThrough) != 0;
  auto kept = co_await times_to_keep(r, *open, core::OpenNotes::kWrite | core::OpenNotes::kChange);
  Result<void> written = co_await open->file->write(r.io(), offset, request.data, through);
  if (!written) co_return error_reply(written.error());
  co_await put_back(r, *open, kept);
  open->notes->position.store(offset + request.data.size(), std::memory_order_relaxed);
  r.server.counters().bytes_written.fetch_add(request.data.size(), std::memory_order_relaxed);
  co_await report_open(r, *open, core::NotifyAction::kModified,
                       smb2::CompletionFilter::kSize | smb2::CompletionFilter::kLastWrite);
  co_return answer(request.data.size());
}

}  // namespace holdfast::service::handlers
