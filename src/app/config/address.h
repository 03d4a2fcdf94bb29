// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/stream.h"

namespace holdfast::app {

/// "192.0.2.1", "2001:db8::1" or "[2001:db8::1]" with this port; nullopt when it is no IP address.
/// "localhost" is 127.0.0.1, and "*" is every address of this machine ("::").
std::optional<ports::Endpoint> parse_address(std::string_view address, std::uint16_t port);

}  // namespace holdfast::app
