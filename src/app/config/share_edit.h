// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "app/config/config.h"

namespace holdfast::app {

/// The text of a configuration file with a [[share]] added at its end; everything else stays octet
/// for octet. Only what differs from the defaults is written.
std::string with_share(std::string_view text, const ShareConfig& share);

/// The text without the [[share]] block of that name (in any case): from its header to the last
/// line of it that is neither empty nor a comment, with the comment lines directly above. The error
/// is a sentence.
std::expected<std::string, std::string> without_share(std::string_view text, std::string_view name);

/// A TOML basic string.
std::string toml_quoted(std::string_view text);

}  // namespace holdfast::app
