// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/flush.h"

#include "service/handlers/handlers.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

namespace {

/// The open of that FileId which its client has lost and not reclaimed yet: Linux clients send a
/// FLUSH that was in flight again before they ask for the handle, and tell the program when it is
/// refused (the specification would have it so, 3.3.5.11). What was written through the handle can
/// be flushed all the same.
std::optional<core::OpenView> lost_open(Request& r, smb2::FileId id) {
  if (id.persistent == 0) return std::nullopt;
  core::OpenTable::LeftBehind own{r.connection.negotiated()->client_guid, r.identity->sid,
                                  id.persistent, std::nullopt, std::nullopt};
  std::vector<core::OpenId> found = r.server.opens().left_behind(own);
  if (found.empty()) return std::nullopt;
  std::optional<core::OpenView> open = r.server.opens().find(found.front());
  if (!open || open->share == nullptr || open->share->name != r.tree->share->name)
    return std::nullopt;
  return open;
}

}  // namespace

/// MS-SMB2 3.3.5.11.
Task<Reply> flush(Request& r) {
  smb2::FlushRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(request.file_id);
  if (!open && open.error() == NtStatus::kFileClosed)
    if (auto lost = lost_open(r, request.file_id)) open = std::move(*lost);
  if (!open) co_return error_reply(open.error());
  if (open->pipe != nullptr) co_return body_reply(smb2::FlushResponse{});
  constexpr std::uint32_t kWrites = smb2::FileAccess::kWriteData | smb2::FileAccess::kAppendData;
  if (!open->may(kWrites)) co_return error_reply(NtStatus::kAccessDenied);
  if (Result<void> done = co_await open->file->flush(r.io()); !done)
    co_return error_reply(done.error());
  co_return body_reply(smb2::FlushResponse{});
}

}  // namespace holdfast::service::handlers
