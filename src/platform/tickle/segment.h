// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "ports/tickler.h"

namespace holdfast::platform {

/// The sum of 16-bit big-endian words with end-around carry, not yet complemented (RFC 1071). An
/// odd last octet is followed by a zero.
std::uint32_t internet_sum(Bytes octets, std::uint32_t sum = 0);
/// Folds and complements it.
std::uint16_t internet_checksum(std::uint32_t sum);

/// An IP packet (40 octets of IPv4, 60 of IPv6) with an ACK segment without data from
/// connection.local to connection.peer. Both are of one family; empty when they are not.
ByteVec tickle_segment(const ports::TcpConnection& connection, std::uint32_t sequence);

}  // namespace holdfast::platform
