// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "app/admin/protocol.h"

namespace holdfast::app::admin {

struct Failure {
  /// "unreachable", "protocol", or the code that the server gave.
  std::string code;
  std::string message;
};

/// Connects, asks, and gives the "result" of the answer. Waits at most timeout_s for it.
std::expected<Json, Failure> ask(const std::string& socket_path, Json request,
                                 unsigned timeout_s = 60);

}  // namespace holdfast::app::admin
