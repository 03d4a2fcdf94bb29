// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "app/admin/protocol.h"
#include "app/node/node.h"

namespace holdfast::app {

/// The admin commands about the witness service: "witness-list", and "witness-move" ("to": a list
/// of addresses; "client", or "all": true; "share"). nullopt: another command.
std::optional<admin::Json> answer_about_witness(Node& node, const admin::Json& request);

}  // namespace holdfast::app
