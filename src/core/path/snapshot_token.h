// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/nt_time.h"

namespace holdfast::core {

/// The time that a path component "@GMT-2026.11.22-23.59.59" stands for (MS-SMB2 2.2.32.2, UTC);
/// nullopt for any other component.
std::optional<NtTime> parse_snapshot_token(std::string_view component);

/// The token of a time, 24 characters; fractions of a second are dropped.
std::string snapshot_token(NtTime time);

/// Takes the first such component out of a name as clients send it ("a\\@GMT-...\\b", backslashes
/// between); nullopt when there is none.
std::optional<NtTime> take_snapshot_token(std::string& name);

}  // namespace holdfast::core
