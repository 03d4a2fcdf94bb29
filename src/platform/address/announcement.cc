// SPDX-License-Identifier: Apache-2.0
#include "platform/address/announcement.h"

namespace holdfast::platform {
namespace {

void append(ByteVec& out, Bytes octets) { out.insert(out.end(), octets.begin(), octets.end()); }

}  // namespace

ByteVec arp_announcement(const ports::Endpoint& address, const MacAddress& mac, ArpOperation how) {
  // Ethernet and IPv4, with addresses of 6 and 4 octets.
  ByteVec out = {0, 1, 8, 0, 6, 4, 0, static_cast<std::uint8_t>(how)};
  Bytes ip = Bytes(address.address).subspan(12);
  append(out, mac);
  append(out, ip);
  // Linux takes a reply for gratuitous only when it is addressed to its own sender.
  append(out, how == ArpOperation::kReply ? mac : MacAddress{});
  append(out, ip);
  return out;
}

ByteVec neighbour_advertisement(const ports::Endpoint& address, const MacAddress& mac) {
  constexpr std::uint8_t kType = 136, kOverride = 0x20, kTargetLinkLayer = 2;
  ByteVec out = {kType, 0, 0, 0, kOverride, 0, 0, 0};
  append(out, address.address);
  out.push_back(kTargetLinkLayer);
  out.push_back(1);  // In units of eight octets.
  append(out, mac);
  return out;
}

}  // namespace holdfast::platform
