// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

/// One function per SMB2 command, each in a file of its name. A handler walks the numbered steps of
/// MS-SMB2 3.3.5.x; the checks that all commands share are done (service/server/dispatch.cc).
namespace holdfast::service::handlers {

Task<Reply> smb1_negotiate(Request& r);
Task<Reply> negotiate(Request& r);
Task<Reply> session_setup(Request& r);
Task<Reply> logoff(Request& r);
Task<Reply> tree_connect(Request& r);
Task<Reply> tree_disconnect(Request& r);
Task<Reply> create(Request& r);
Task<Reply> close(Request& r);
Task<Reply> flush(Request& r);
Task<Reply> read(Request& r);
Task<Reply> write(Request& r);
Task<Reply> lock(Request& r);
Task<Reply> ioctl(Request& r);
Task<Reply> echo(Request& r);
Task<Reply> query_directory(Request& r);
Task<Reply> change_notify(Request& r);
Task<Reply> query_info(Request& r);
Task<Reply> set_info(Request& r);
Task<Reply> oplock_break(Request& r);

}  // namespace holdfast::service::handlers
