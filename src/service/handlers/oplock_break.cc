// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/oplock_break.h"

#include "service/handlers/handlers.h"
#include "service/server/breaks.h"
#include "service/server/local_opens.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

/// Wakes who waited, and tells what the acknowledgement brought up.
void carry_out(Request& r, core::BreakOutcome& outcome) {
  r.server.waits().wake(outcome.wakes);
  send_breaks(r.server, r.loop, std::move(outcome.breaks));
  r.server.local_opens().look_again(outcome.object);
}

}  // namespace

/// MS-SMB2 3.3.5.22.
Task<Reply> oplock_break(Request& r) {
  if (smb2::peek_structure_size(r.message) == smb2::OplockBreak::kStructureSize) {
    smb2::OplockBreak request;
    if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
    Result<core::OpenView> open = r.find_open(request.file_id);
    if (!open) co_return error_reply(open.error());
    core::BreakOutcome outcome = r.server.opens().acknowledge(open->id, request.oplock_level);
    carry_out(r, outcome);
    if (outcome.status != NtStatus::kSuccess) co_return error_reply(outcome.status);
    co_return body_reply(request);
  }
  smb2::LeaseBreakAcknowledgment request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  core::LeaseId lease{r.connection.negotiated()->client_guid, request.lease_key};
  core::BreakOutcome outcome = r.server.opens().acknowledge(lease, request.lease_state);
  carry_out(r, outcome);
  if (outcome.status != NtStatus::kSuccess) co_return error_reply(outcome.status);
  smb2::LeaseBreakResponse response;
  response.lease_key = request.lease_key;
  response.lease_state = request.lease_state;
  co_return body_reply(response);
}

}  // namespace holdfast::service::handlers
