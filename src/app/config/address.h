// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/address_holder.h"
#include "ports/address_range.h"
#include "ports/network.h"

namespace holdfast::app {

/// "192.0.2.1", "2001:db8::1" or "[2001:db8::1]" with this port; nullopt when it is no IP address.
/// "localhost" is 127.0.0.1, and "*" is every address of this machine ("::").
std::optional<ports::Endpoint> parse_address(std::string_view address, std::uint16_t port);

/// "10.0.0.0/8", "2001:db8::/32", or one address; nullopt when it is none, or when bits behind the
/// prefix are set.
std::optional<ports::AddressRange> parse_address_range(std::string_view text);

/// "192.0.2.10/24", "2001:db8::10/64": an address and the bits of its network; nullopt when it is
/// none.
std::optional<ports::MovingAddress> parse_moving_address(std::string_view text);

/// "192.0.2.1 25Gbit rss": an address, its speed (Mbit or Gbit; 1Gbit when there is none) and
/// whether it receives on several queues. nullopt when it is none; interface_index is left 0.
std::optional<ports::NetworkAddress> parse_channel_address(std::string_view text);

}  // namespace holdfast::app
