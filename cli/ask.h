// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "app/admin/admin_client.h"
#include "cli/commands.h"

namespace holdfast::cli {

using app::admin::Json;

std::string socket_of(const Common& common);

/// Asks the server; on an error says so on standard error, sets exit_status and gives nullopt.
std::optional<Json> ask_server(const Common& common, Json request, int& exit_status);

/// What the running server says about itself, or nullopt, silently, when there is none (unless
/// common.socket names one: then an error is said, and exit_status is not 0).
std::optional<Json> status_if_running(const Common& common, int& exit_status);

/// Prints "holdfast: TEXT" to standard error.
int say_failed(const std::string& text, int exit_status = 1);

void print(const std::string& text);
void print_json(const Json& json);

}  // namespace holdfast::cli
