// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/echo.h"

#include "service/handlers/handlers.h"

namespace holdfast::service::handlers {

/// MS-SMB2 3.3.5.17.
Task<Reply> echo(Request& r) {
  wire::smb2::EchoRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  co_return body_reply(wire::smb2::EchoResponse{});
}

}  // namespace holdfast::service::handlers
