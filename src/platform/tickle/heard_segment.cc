// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/heard_segment.h"

#include "base/reader.h"

namespace holdfast::platform {
namespace {

constexpr std::size_t kShortestHeader = 20;
constexpr std::uint8_t kSyn = 0x02, kRst = 0x04, kAck = 0x10;
/// Kinds of options (RFC 9293 3.2, RFC 7323 3.2).
constexpr std::uint8_t kEnd = 0, kNothing = 1, kTimestamps = 8;
constexpr std::uint8_t kTimestampsSize = 10;

std::optional<TcpTimestamps> find_timestamps(Reader options) {
  while (options.ok() && options.remaining() != 0) {
    std::uint8_t kind = options.u8();
    if (kind == kEnd) break;
    if (kind == kNothing) continue;
    std::uint8_t size = options.u8();
    if (kind == kTimestamps && size == kTimestampsSize) {
      TcpTimestamps found;
      found.value = options.u32_be();
      found.echo = options.u32_be();
      if (options.ok()) return found;
    }
    if (size < 2) break;  // It counts itself and the kind.
    options.skip(size - 2u);
  }
  return std::nullopt;
}

}  // namespace

std::optional<HeardSegment> parse_segment(Bytes octets, std::size_t size) {
  Reader r(octets);
  HeardSegment heard;
  heard.from_port = r.u16_be();
  heard.to_port = r.u16_be();
  heard.sequence = r.u32_be();
  heard.acknowledged = r.u32_be();
  std::size_t header = std::size_t{r.u8()} >> 4 << 2;
  std::uint8_t flags = r.u8();
  heard.window = r.u16_be();
  r.skip(4);  // Checksum, urgent pointer.
  if (!r.ok() || header < kShortestHeader || header > size) return std::nullopt;
  Bytes options = r.bytes(header - kShortestHeader);
  if (!r.ok()) return std::nullopt;
  heard.syn = (flags & kSyn) != 0;
  heard.rst = (flags & kRst) != 0;
  heard.ack = (flags & kAck) != 0;
  heard.payload_octets = static_cast<std::uint32_t>(size - header);
  heard.timestamps = find_timestamps(Reader(options));
  return heard;
}

std::optional<HeardSegment> parse_v4_packet(Bytes octets, std::size_t size) {
  if (octets.empty() || octets[0] >> 4 != 4) return std::nullopt;
  std::size_t header = std::size_t{octets[0]} % 16 * 4;
  if (header < kShortestHeader || header > octets.size() || header > size) return std::nullopt;
  return parse_segment(octets.subspan(header), size - header);
}

}  // namespace holdfast::platform
