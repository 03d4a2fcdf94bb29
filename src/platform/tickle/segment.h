// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "ports/tickler.h"

namespace holdfast::platform {

/// The sum of 16-bit big-endian words with end-around carry, not yet complemented (RFC 1071). An
/// odd last octet is followed by a zero.
std::uint32_t internet_sum(Bytes octets, std::uint32_t sum = 0);
/// Folds and complements it.
std::uint16_t internet_checksum(std::uint32_t sum);

/// RFC 7323 3.2
struct TcpTimestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;

  bool operator==(const TcpTimestamps&) const = default;
};

struct AckNumbers {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  /// As it is in the header: not scaled.
  std::uint16_t window = 0;
  std::optional<TcpTimestamps> timestamps{};
};

/// An IP packet (of IPv4 or IPv6, without options) with an ACK segment without data from
/// connection.local to connection.peer. Both are of one family; empty when they are not.
ByteVec ack_segment(const ports::TcpConnection& connection, const AckNumbers& numbers);

/// The same with meaningless numbers: 40 octets of IPv4, 60 of IPv6.
ByteVec tickle_segment(const ports::TcpConnection& connection, std::uint32_t sequence);

}  // namespace holdfast::platform
