// SPDX-License-Identifier: Apache-2.0
#include "platform/address/netlink_addresses.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "platform/address/announcement.h"
#include "platform/address/choose.h"
#include "platform/loop/socket.h"
#include "platform/loop/unique_fd.h"

namespace holdfast::platform {
namespace {

using ports::MovingAddress;

struct Place {
  std::string interface;
  unsigned index = 0;
  unsigned prefix_length = 0;
  bool is_there = false;
};

unsigned bits_of(const sockaddr* mask) {
  if (mask == nullptr) return 0;
  std::uint8_t octets[16] = {};
  std::size_t size = mask->sa_family == AF_INET6 ? 16 : 4;
  if (size == 16)
    std::memcpy(octets, &reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr, size);
  else
    std::memcpy(octets, &reinterpret_cast<const sockaddr_in*>(mask)->sin_addr, size);
  unsigned bits = 0;
  for (std::size_t i = 0; i < size; ++i) bits += static_cast<unsigned>(std::popcount(octets[i]));
  return bits;
}

/// The addresses of all interfaces that are up.
std::vector<ConfiguredAddress> configured_addresses() {
  ifaddrs* list = nullptr;
  std::vector<ConfiguredAddress> out;
  if (::getifaddrs(&list) != 0) return out;
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, &::freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
    int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, at->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    // An alias ("eth0:1") belongs to the interface before the colon.
    std::string name(at->ifa_name, std::strcspn(at->ifa_name, ":"));
    out.push_back({std::move(name), to_endpoint(storage), bits_of(at->ifa_netmask)});
  }
  return out;
}

std::expected<Place, std::string> place_of(const MovingAddress& wanted) {
  std::vector<ConfiguredAddress> configured = configured_addresses();
  Place place;
  place.interface = wanted.interface;
  if (place.interface.empty()) {
    auto chosen = choose_interface(configured, wanted.address);
    if (!chosen)
      return std::unexpected("no network interface has an address in the network of " +
                             wanted.address.address_string() + "; name the interface");
    place.interface = *chosen;
  }
  unsigned longest = wanted.address.is_v4() ? 32 : 128;
  place.prefix_length = wanted.prefix_length == 0 ? longest : wanted.prefix_length;
  if (place.prefix_length > longest)
    return std::unexpected("an address of this kind has no prefix of " +
                           std::to_string(place.prefix_length) + " bits");
  place.index = ::if_nametoindex(place.interface.c_str());
  if (place.index == 0) return std::unexpected("there is no network interface " + place.interface);
  for (const ConfiguredAddress& c : configured)
    if (c.interface == place.interface && c.address.address == wanted.address.address) {
      place.is_there = true;
      place.prefix_length = c.prefix_length;
    }
  return place;
}

/// A request about one address, as rtnetlink(7) wants it.
struct AddressRequest {
  nlmsghdr header;
  ifaddrmsg body;
  char attributes[128];

  void add(unsigned short type, const void* data, std::size_t size) {
    auto* at =
        reinterpret_cast<rtattr*>(reinterpret_cast<char*>(this) + NLMSG_ALIGN(header.nlmsg_len));
    at->rta_type = type;
    at->rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    std::memcpy(RTA_DATA(at), data, size);
    header.nlmsg_len =
        static_cast<std::uint32_t>(NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(at->rta_len));
  }
};

/// Sends it and waits for the kernel's answer: 0 or an errno.
int ask_kernel(AddressRequest& request) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) return errno;
  request.header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  request.header.nlmsg_seq = 1;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd.get(), &request, request.header.nlmsg_len, 0,
               reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0)
    return errno;
  alignas(nlmsghdr) char answer[4'096];
  ssize_t size = ::recv(fd.get(), answer, sizeof answer, 0);
  if (size < 0) return errno;
  auto* header = reinterpret_cast<nlmsghdr*>(answer);
  if (!NLMSG_OK(header, static_cast<std::size_t>(size)) || header->nlmsg_type != NLMSG_ERROR ||
      header->nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr)))
    return EPROTO;
  return -static_cast<nlmsgerr*>(NLMSG_DATA(header))->error;
}

int change(std::uint16_t type, std::uint16_t flags, const MovingAddress& address,
           const Place& place) {
  AddressRequest request{};
  bool v4 = address.address.is_v4();
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = flags;
  request.body.ifa_family = v4 ? AF_INET : AF_INET6;
  request.body.ifa_prefixlen = static_cast<std::uint8_t>(place.prefix_length);
  request.body.ifa_scope = RT_SCOPE_UNIVERSE;
  request.body.ifa_index = place.index;
  const std::uint8_t* octets = address.address.address.data() + (v4 ? 12 : 0);
  std::size_t size = v4 ? 4 : 16;
  request.add(IFA_LOCAL, octets, size);
  request.add(IFA_ADDRESS, octets, size);
  if (!v4) {
    // Without it the address may not be used until nobody has objected for a second.
    std::uint32_t no_detection = IFA_F_NODAD;
    request.add(IFA_FLAGS, &no_detection, sizeof no_detection);
  }
  return ask_kernel(request);
}

std::string sentence(const char* what, const MovingAddress& address, const std::string& interface,
                     int error, const char* capability) {
  std::string text = std::string("cannot ") + what + " " + address.address.address_string() +
                     " on " + interface + ": " + error_text(error);
  if (error == EPERM || error == EACCES) text += std::string(" (") + capability + ")";
  return text;
}

/// False: the interface has no addresses of its own on its network (a tunnel, the loopback).
bool mac_of(const std::string& interface, MacAddress& mac) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  if (!fd.valid() || ::ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0 ||
      request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
    return false;
  std::memcpy(mac.data(), request.ifr_hwaddr.sa_data, mac.size());
  return true;
}

int send_arp(const MovingAddress& address, const Place& place, const MacAddress& mac) {
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno;
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETHERTYPE_ARP);
  to.sll_ifindex = static_cast<int>(place.index);
  to.sll_halen = 6;
  std::memset(to.sll_addr, 0xFF, 6);
  for (ArpOperation how : {ArpOperation::kRequest, ArpOperation::kReply}) {
    ByteVec packet = arp_announcement(address.address, mac, how);
    if (::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to),
                 sizeof to) < 0)
      return errno;
  }
  return 0;
}

int send_advertisement(const MovingAddress& address, const Place& place, const MacAddress& mac) {
  UniqueFd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  if (!fd.valid()) return errno;
  // RFC 4861 7.1.2: others are ignored.
  int hops = 255;
  sockaddr_in6 from{};
  from.sin6_family = AF_INET6;
  std::memcpy(&from.sin6_addr, address.address.address.data(), 16);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_scope_id = place.index;
  const std::uint8_t all_nodes[16] = {0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  std::memcpy(&to.sin6_addr, all_nodes, 16);
  ByteVec packet = neighbour_advertisement(address.address, mac);
  if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) != 0 ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
      ::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to),
               sizeof to) < 0)
    return errno;
  return 0;
}

}  // namespace

std::expected<ports::AddressHolder::Held, std::string> NetlinkAddresses::take(
    const MovingAddress& address) {
  auto place = place_of(address);
  if (!place) return std::unexpected(place.error());
  Held held{place->interface, place->prefix_length, place->is_there};
  if (place->is_there) return held;
  int error = change(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, *place);
  if (error == EEXIST) {
    held.was_there = true;
    return held;
  }
  if (error != 0)
    return std::unexpected(sentence("add", address, place->interface, error, "CAP_NET_ADMIN"));
  return held;
}

std::expected<void, std::string> NetlinkAddresses::release(const MovingAddress& address) {
  auto place = place_of(address);
  if (!place) return std::unexpected(place.error());
  if (!place->is_there) return {};
  int error = change(RTM_DELADDR, 0, address, *place);
  if (error != 0 && error != EADDRNOTAVAIL)
    return std::unexpected(sentence("remove", address, place->interface, error, "CAP_NET_ADMIN"));
  return {};
}

std::expected<void, std::string> NetlinkAddresses::announce(const MovingAddress& address) {
  auto place = place_of(address);
  if (!place) return std::unexpected(place.error());
  MacAddress mac;
  if (!mac_of(place->interface, mac)) return {};
  int error = address.address.is_v4() ? send_arp(address, *place, mac)
                                      : send_advertisement(address, *place, mac);
  if (error != 0)
    return std::unexpected(sentence("announce", address, place->interface, error, "CAP_NET_RAW"));
  return {};
}

}  // namespace holdfast::platform
