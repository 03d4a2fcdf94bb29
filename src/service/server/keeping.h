// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/server.h"

namespace holdfast::service {

/// Keeps an open whose session is gone, when it was promised to outlive it, and closes it when its
/// time is over (MS-SMB2 3.3.7.1, 3.3.6.2). False: the open is to be closed now.
bool keep_open(Server& server, ports::Executor& loop, core::OpenId id);
/// Closes a disconnected open at expires_us, unless it is reclaimed before.
void expire_later(Server& server, ports::Executor& loop, core::OpenId id, std::uint64_t expires_us);
/// Closes a disconnected open before its time, because somebody else needs its place. False: it has
/// been reclaimed or closed meanwhile.
Task<bool> close_kept(Server& server, ports::Executor& loop, core::OpenId id);

}  // namespace holdfast::service
