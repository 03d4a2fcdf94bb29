// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/task.h"
#include "core/object/open_table.h"
#include "service/server/server.h"

namespace holdfast::service {

struct Request;

/// Ends an open as CLOSE does: releases its locks, wakes who waits for them, removes the name if it
/// was the last open of an object to be deleted (MS-SMB2 3.3.4.17, MS-FSA 2.1.5.5). False: no such
/// open.
Task<bool> close_open(Server& server, ports::Executor& loop, core::OpenId id);
/// The rest of it, of an open that core has closed.
Task<void> finish_closing(Server& server, ports::Executor& loop, core::OpenId id,
                          core::CloseOutcome outcome);
/// Ends a tree connect with its opens (MS-SMB2 3.3.5.8).
Task<void> end_tree(Server& server, ports::Executor& loop, core::SessionPtr session,
                    std::uint32_t tree);

/// What becomes of a session's opens when it ends.
enum class SessionEnd : std::uint8_t {
  kLost,    // those that were promised to outlive it are kept (MS-SMB2 3.3.7.1, also 3.3.5.6)
  kClosed,  // all are closed: an administrator has ended it
};
/// Ends a session with its trees and opens (MS-SMB2 3.3.5.6, 3.3.7.1). The channels are the
/// connections' own to drop.
Task<void> end_session(Server& server, ports::Executor& loop, core::SessionId id,
                       SessionEnd how = SessionEnd::kLost);

/// Tells the watchers of the directories above what one operation did.
void report_changes(Server& server, const core::Share& share,
                    std::span<const core::NotifyChange> changes);
void report_change(Server& server, const core::Share& share, std::string_view path,
                   core::NotifyAction action, std::uint32_t filter);
/// A change of an open object: of a named stream as its file's stream (kModifiedStream and the
/// like, MS-FSCC 2.7.1), of anything else as `action`.
Task<void> report_open(Request& r, const core::OpenView& open, core::NotifyAction action,
                       std::uint32_t filter);
/// The object is marked to be deleted: who watches it as a directory hears so.
void report_going(Server& server, const core::Share& share, std::string_view path);

}  // namespace holdfast::service
