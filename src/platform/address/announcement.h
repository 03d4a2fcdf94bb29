// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/bytes.h"
#include "ports/stream.h"

namespace holdfast::platform {

using MacAddress = std::array<std::uint8_t, 6>;

enum class ArpOperation : std::uint8_t { kRequest = 1, kReply = 2 };

/// The 28 octets of an ARP packet that says where an IPv4 address is (RFC 826, RFC 5227 3).
ByteVec arp_announcement(const ports::Endpoint& address, const MacAddress& mac, ArpOperation how);

/// The 32 octets of an unsolicited neighbour advertisement with the override flag (RFC 4861 4.4).
/// Its checksum is left to the kernel.
ByteVec neighbour_advertisement(const ports::Endpoint& address, const MacAddress& mac);

}  // namespace holdfast::platform
