// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/oplock_break.h"

#include "service/handlers/handlers.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

/// MS-SMB2 3.3.5.22. No oplock or lease is granted, so there is none that an acknowledgement could
/// be for: STATUS_INVALID_OPLOCK_PROTOCOL (3.3.5.22.1), STATUS_OBJECT_NAME_NOT_FOUND (3.3.5.22.2).
Task<Reply> oplock_break(Request& r) {
  if (smb2::peek_structure_size(r.message) == smb2::OplockBreak::kStructureSize) {
    smb2::OplockBreak request;
    if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
    Result<core::OpenView> open = r.find_open(request.file_id);
    co_return error_reply(open ? NtStatus::kInvalidOplockProtocol : open.error());
  }
  smb2::LeaseBreakAcknowledgment request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  co_return error_reply(NtStatus::kObjectNameNotFound);
}

}  // namespace holdfast::service::handlers
