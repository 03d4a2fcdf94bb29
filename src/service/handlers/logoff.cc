// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/logoff.h"

#include "service/handlers/handlers.h"
#include "service/server/closing.h"
#include "service/server/driver.h"

namespace holdfast::service::handlers {

/// MS-SMB2 3.3.5.6.
Task<Reply> logoff(Request& r) {
  wire::smb2::LogoffRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  core::SessionId id = r.session->id;
  r.server.drop_other_channels(id, r.connection.id());
  co_await end_session(r.server, r.loop, id);
  Reply reply = body_reply(wire::smb2::LogoffResponse{});
  r.chain.logged_off.push_back(id);
  co_return reply;
}

}  // namespace holdfast::service::handlers
