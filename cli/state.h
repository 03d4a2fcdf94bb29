// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace holdfast::cli {

/// `holdfast state`: reads a state store, a folder or one of its segments, without changing or
/// locking it. Exit statuses as in exit_status.h.
int state_show_command(const std::string& path);
/// 1 when anything is damaged.
int state_check_command(const std::string& path);
/// One JSON object a line.
int state_export_command(const std::string& path);

}  // namespace holdfast::cli
