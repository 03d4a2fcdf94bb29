// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/write.h"

#include "service/handlers/handlers.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "service/server/local_opens.h"
#include "service/server/pipe_reads.h"
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
    Result<void> done = open->pipe->write(request.data);
    // Those who wait to read have an answer now, or learn that there will be none.
    std::vector<core::Wake> wakes;
    r.server.pipe_reads().wake(open->id, wakes);
    r.server.waits().wake(wakes);
    if (!done) co_return error_reply(done.error());
    co_return answer(request.data.size());
  }
  if (open->is_directory) co_return error_reply(NtStatus::kInvalidDeviceRequest);
  if (r.tree->share->failover != nullptr) r.driver.writes();
  constexpr std::uint32_t kWrites = smb2::FileAccess::kWriteData | smb2::FileAccess::kAppendData;
  if (!open->may(kWrites)) co_return error_reply(NtStatus::kAccessDenied);
  std::uint64_t offset = request.offset;
  // All ones are the end of the file to an append-only open (MS-FSA 2.1.5.4); to others Windows'
  // server refuses them, as everything that is no offset (smbtorture smb2.rw.invalid). Where an
  // offset is given, that counts: the append-only open's end of file is its client's business
  // (MS-SMB2 3.3.5.13; smbtorture smb2.rw.append).
  bool append = (open->access & kWrites) == smb2::FileAccess::kAppendData;
  if (append && offset == ~std::uint64_t{0}) {
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
      open->stable || (request.flags & smb2::WriteRequest::kFlagWriteThrough) != 0 ||
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
