// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "platform/tickle/segment.h"

namespace holdfast::platform {

/// The most octets of an IPv4 and of a TCP header, which is all that is looked at.
inline constexpr std::size_t kMaxHeaders = 60 + 60;

/// The header of a TCP segment that came (RFC 9293 3.1).
struct HeardSegment {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  bool syn = false;
  bool rst = false;
  bool ack = false;
  std::uint16_t window = 0;
  /// Of data; its first octet has the number sequence.
  std::uint32_t payload_octets = 0;
  std::optional<TcpTimestamps> timestamps{};

  bool operator==(const HeardSegment&) const = default;
};

/// octets: the beginning of the segment, with its whole header; size: octets of the whole segment.
/// Nothing when the header is not all there, or contradicts itself. Checksums are not looked at.
std::optional<HeardSegment> parse_segment(Bytes octets, std::size_t size);
/// The same with an IPv4 header before it, whose addresses are not looked at (RFC 791 3.1).
std::optional<HeardSegment> parse_v4_packet(Bytes octets, std::size_t size);

}  // namespace holdfast::platform
