// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/segment.h"

namespace holdfast::platform {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint8_t kAckFlag = 0x10;
constexpr std::uint16_t kWindow = 1'234;
constexpr std::size_t kTcpOctets = 20;
/// Two that do nothing, then the timestamps (RFC 7323 appendix A).
constexpr std::size_t kTimestampOctets = 12;
constexpr std::uint32_t kTimestampsHeader = 0x0101080A;
constexpr std::size_t kV4Octets = 20;

void put16(ByteVec& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put32(ByteVec& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value));
}

void set16(ByteVec& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

void put_address(ByteVec& out, const ports::Endpoint& endpoint) {
  out.insert(out.end(), endpoint.address.begin() + (endpoint.is_v4() ? 12 : 0),
             endpoint.address.end());
}

/// RFC 791 3.1
void put_v4_header(ByteVec& out, const ports::TcpConnection& c, std::size_t tcp_octets) {
  out.push_back(0x45);
  out.push_back(0);
  put16(out, static_cast<std::uint16_t>(kV4Octets + tcp_octets));
  put32(out, 0);  // Identification, flags, fragment offset.
  out.push_back(kHopLimit);
  out.push_back(kTcp);
  put16(out, 0);
  put_address(out, c.local);
  put_address(out, c.peer);
  set16(out, 10, internet_checksum(internet_sum(out)));
}

/// RFC 8200 3
void put_v6_header(ByteVec& out, const ports::TcpConnection& c, std::size_t tcp_octets) {
  put32(out, 6u << 28);
  put16(out, static_cast<std::uint16_t>(tcp_octets));
  out.push_back(kTcp);
  out.push_back(kHopLimit);
  put_address(out, c.local);
  put_address(out, c.peer);
}

/// RFC 9293 3.1, for both families: the addresses, the length and the protocol.
std::uint32_t pseudo_header_sum(const ports::TcpConnection& c, std::size_t tcp_octets) {
  ByteVec pseudo;
  put_address(pseudo, c.local);
  put_address(pseudo, c.peer);
  put32(pseudo, static_cast<std::uint32_t>(tcp_octets));
  put32(pseudo, kTcp);
  return internet_sum(pseudo);
}

}  // namespace

std::uint32_t internet_sum(Bytes octets, std::uint32_t sum) {
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    std::uint32_t low = i + 1 < octets.size() ? octets[i + 1] : 0;
    sum += (std::uint32_t{octets[i]} << 8) + low;
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

std::uint16_t internet_checksum(std::uint32_t sum) {
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

ByteVec ack_segment(const ports::TcpConnection& connection, const AckNumbers& numbers) {
  ByteVec packet;
  bool v4 = connection.local.is_v4();
  if (v4 != connection.peer.is_v4()) return packet;
  const std::size_t octets = kTcpOctets + (numbers.timestamps ? kTimestampOctets : 0);
  if (v4)
    put_v4_header(packet, connection, octets);
  else
    put_v6_header(packet, connection, octets);
  std::size_t tcp = packet.size();
  put16(packet, connection.local.port);
  put16(packet, connection.peer.port);
  put32(packet, numbers.sequence);
  put32(packet, numbers.acknowledged);
  packet.push_back(static_cast<std::uint8_t>(octets / 4 << 4));
  packet.push_back(kAckFlag);
  put16(packet, numbers.window);
  put32(packet, 0);  // Checksum, urgent pointer.
  if (numbers.timestamps) {
    put32(packet, kTimestampsHeader);
    put32(packet, numbers.timestamps->value);
    put32(packet, numbers.timestamps->echo);
  }
  std::uint32_t sum =
      internet_sum(Bytes(packet).subspan(tcp), pseudo_header_sum(connection, octets));
  set16(packet, tcp + 16, internet_checksum(sum));
  return packet;
}

ByteVec tickle_segment(const ports::TcpConnection& connection, std::uint32_t sequence) {
  // What is acknowledged is as meaningless.
  return ack_segment(connection, {sequence, sequence, kWindow, std::nullopt});
}

}  // namespace holdfast::platform
