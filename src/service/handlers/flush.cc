// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/flush.h"

#include "service/handlers/handlers.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

/// MS-SMB2 3.3.5.11.
Task<Reply> flush(Request& r) {
  smb2::FlushRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open) co_return error_reply(open.error());
  if (open->pipe != nullptr) co_return body_reply(smb2::FlushResponse{});
  constexpr std::uint32_t kWrites = smb2::FileAccess::kWriteData | smb2::FileAccess::kAppendData;
  if (!open->may(kWrites)) co_return error_reply(NtStatus::kAccessDenied);
  if (Result<void> done = co_await open->file->flush(r.io()); !done)
    co_return error_reply(done.error());
  co_return body_reply(smb2::FlushResponse{});
}

}  // namespace holdfast::service::handlers
