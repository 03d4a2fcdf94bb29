// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "platform/loop/event_loop.h"

namespace holdfast::platform {

/// Tries what the loop needs on a small ring. The value says how it will run ("io_uring with
/// DEFER_TASKRUN"), the error why it cannot ("io_uring is switched off
/// (kernel.io_uring_disabled)").
std::expected<std::string, std::string> probe_uring();

/// A loop on io_uring. Call probe_uring() first. Throws std::system_error.
std::unique_ptr<EventLoop> make_uring_loop(const EventLoopOptions& options);

}  // namespace holdfast::platform
