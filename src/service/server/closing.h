// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/task.h"
#include "core/object/open_table.h"
#include "service/server/server.h"

namespace holdfast::service {

/// Ends an open as CLOSE does: releases its locks, wakes who waits for them, removes the name if it
/// was the last open of an object to be deleted (MS-SMB2 3.3.4.17, MS-FSA 2.1.5.5). False: no such
/// open.
Task<bool> close_open(Server& server, ports::Executor& loop, core::OpenId id);
/// Ends a tree connect with its opens (MS-SMB2 3.3.5.8).
Task<void> end_tree(Server& server, ports::Executor& loop, core::SessionPtr session,
                    std::uint32_t tree);
/// Ends a session with its trees and opens (MS-SMB2 3.3.5.6, 3.3.7.1). The channels are the
/// connections' own to drop.
Task<void> end_session(Server& server, ports::Executor& loop, core::SessionId id);

/// Tells the watchers of the directories above.
void report_change(Server& server, const core::Share& share, std::string_view path,
                   core::NotifyAction action, std::uint32_t filter);

}  // namespace holdfast::service
