// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/event.h"
#include "core/failover/epoch.h"

namespace holdfast::app {

/// For service::EpochRules::fence: runs the command with HOLDFAST_VOLUME, HOLDFAST_HOLDER and
/// HOLDFAST_EPOCH in its environment, at most for 30 s, and says whether it ended with 0. Empty
/// command: an empty function.
std::function<bool(const core::failover::Epoch&)> fence_command(std::string command,
                                                                std::string volume,
                                                                EventSink& events);

}  // namespace holdfast::app
