// SPDX-License-Identifier: Apache-2.0
#include "sim/client/client.h"
#include "wire/smb2/change_notify.h"
#include "wire/smb2/close.h"
#include "wire/smb2/create.h"
#include "wire/smb2/create_context.h"
#include "wire/smb2/echo.h"
#include "wire/smb2/error_response.h"
#include "wire/smb2/flush.h"
#include "wire/smb2/ioctl.h"
#include "wire/smb2/lock.h"
#include "wire/smb2/logoff.h"
#include "wire/smb2/oplock_break.h"
#include "wire/smb2/query_directory.h"
#include "wire/smb2/query_info.h"
#include "wire/smb2/read.h"
#include "wire/smb2/session_setup.h"
#include "wire/smb2/set_info.h"
#include "wire/smb2/tree_connect.h"
#include "wire/smb2/tree_disconnect.h"
#include "wire/smb2/write.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using smb2::Command;

template <class Body>
bool is(Bytes message) {
  Body body;
  return decode(message, body);
}

bool create_is_sane(Bytes message) {
  smb2::CreateResponse body;
  if (!decode(message, body) || body.create_action > smb2::CreateAction::kOverwritten) return false;
  smb2::CreateContextResponseList contexts;
  if (!decode(body.create_contexts, contexts).ok()) return false;
  bool known = body.oplock_level <= smb2::OplockLevel::kBatch ||
               (body.oplock_level == smb2::OplockLevel::kLease && contexts.lease);
  return body.file_attributes != 0 && known && body.creation_time.ticks != 0 &&
         !body.file_id.is_all_ones();
}

bool carries_body(Command command, NtStatus status) {
  if (status == NtStatus::kSuccess) return true;
  if (status == NtStatus::kMoreProcessingRequired) return command == Command::kSessionSetup;
  if (status == NtStatus::kBufferOverflow)
    return command == Command::kRead || command == Command::kQueryInfo ||
           command == Command::kQueryDirectory || command == Command::kIoctl;
  return false;
}

}  // namespace

bool body_is_sane(Command command, NtStatus status, Bytes message) {
  if (!carries_body(command, status)) {
    // A failed copychunk answers with its limits (MS-SMB2 3.3.4.4).
    if (command == Command::kIoctl && status == NtStatus::kInvalidParameter &&
        is<smb2::IoctlResponse>(message))
      return true;
    smb2::ErrorResponse body;
    return decode(message, body) && body.error_context_count <= 1;
  }
  switch (command) {
    case Command::kNegotiate: return is<smb2::NegotiateResponse>(message);
    case Command::kSessionSetup: return is<smb2::SessionSetupResponse>(message);
    case Command::kLogoff: return is<smb2::LogoffResponse>(message);
    case Command::kTreeConnect: return is<smb2::TreeConnectResponse>(message);
    case Command::kTreeDisconnect: return is<smb2::TreeDisconnectResponse>(message);
    case Command::kCreate: return create_is_sane(message);
    case Command::kClose: return is<smb2::CloseResponse>(message);
    case Command::kFlush: return is<smb2::FlushResponse>(message);
    case Command::kRead: return is<smb2::ReadResponse>(message);
    case Command::kWrite: return is<smb2::WriteResponse>(message);
    case Command::kLock: return is<smb2::LockResponse>(message);
    case Command::kIoctl: return is<smb2::IoctlResponse>(message);
    case Command::kEcho: return is<smb2::EchoResponse>(message);
    case Command::kQueryDirectory: return is<smb2::QueryDirectoryResponse>(message);
    case Command::kChangeNotify: return is<smb2::ChangeNotifyResponse>(message);
    case Command::kQueryInfo: return is<smb2::QueryInfoResponse>(message);
    case Command::kOplockBreak:
      return is<smb2::OplockBreak>(message) || is<smb2::LeaseBreakResponse>(message);
    case Command::kSetInfo: return is<smb2::SetInfoResponse>(message);
    default: return false;
  }
}

}  // namespace holdfast::sim
