// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::wire::proxy {

using AddressOctets = std::array<std::uint8_t, 16>;

/// "192.0.2.1", as an IPv4-mapped address. No leading zeros.
std::optional<AddressOctets> parse_v4(std::string_view text);
/// "2001:db8::1", "::ffff:192.0.2.1".
std::optional<AddressOctets> parse_v6(std::string_view text);
/// 0 to 65535 without leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text);

std::string v4_text(const AddressOctets& address);
/// All eight groups, none shortened away.
std::string v6_text(const AddressOctets& address);

}  // namespace holdfast::wire::proxy
