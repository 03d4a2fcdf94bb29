// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "app/admin/protocol.h"
#include "app/log/recent_events.h"
#include "app/node/node.h"

namespace holdfast::app {

/// The admin commands that every serving process knows: "sessions", "files" (members "limit",
/// "share"), "close-session" (member "session"), "shares", "failover" (volumes whose handles
/// outlive the server). nullopt: another command.
std::optional<admin::Json> answer_about_node(Node& node, const admin::Json& request);

/// What "failover-log" answers: the events kept, the oldest first.
admin::Json failover_log(const RecentEvents& events);

/// What "status" says about a node; the caller adds what it knows.
admin::Json node_status(Node& node);

/// "SMB 3.1.1"
std::string dialect_name(std::uint16_t dialect);
/// "2026-11-22T20:03:22Z", or "" when it is not set.
std::string iso_time(NtTime time);

}  // namespace holdfast::app
