// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace holdfast::app {

/// What `holdfastd --check-upgrade` prints when it could go on with a hand-over of this version.
std::string upgrade_line();

/// Where the running program is on disk: what has replaced it, when an upgrade has.
std::string own_binary();

/// What is wrong with this binary as the next one of this server, or "". Runs it, for some seconds
/// at most.
std::string check_binary(const std::string& path, const std::string& config_file);

}  // namespace holdfast::app
