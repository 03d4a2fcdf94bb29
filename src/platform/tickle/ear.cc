// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/ear.h"

#include <linux/filter.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "platform/loop/socket.h"

namespace holdfast::platform {
namespace {

/// What waits to be read; a busy server has other clients on the same port.
constexpr int kBuffer = 4 << 20;
/// Longer ones are many segments put together: of a connection in full flow, not of one that waits.
constexpr std::uint32_t kLongestPacket = 9'216;
/// With more, all ports are heard.
constexpr std::size_t kMaxPorts = 16;

/// Passes segments to these ports; as the socket has them, from the IP header in IPv4 and from the
/// TCP header in IPv6 (raw(7), RFC 3542 3).
std::vector<sock_filter> filter_for(bool v4, const std::set<std::uint16_t>& ports) {
  std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
                                BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kLongestPacket, 0, 1),
                                BPF_STMT(BPF_RET | BPF_K, 0)};
  if (ports.size() <= kMaxPorts) {
    if (v4) {
      code.push_back(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0));
      code.push_back(BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2));
    } else {
      code.push_back(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2));
    }
    auto left = static_cast<std::uint8_t>(ports.size());
    for (std::uint16_t port : ports)
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, left--, 0));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, 0xFFFFFFFF));
  return code;
}

}  // namespace

bool Ear::open(bool v4) {
  if (fd_.valid()) return true;
  ports_.clear();
  v4_ = v4;
  fd_.reset(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd_.valid()) return false;
  if (!set_option(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, kBuffer))
    (void)set_option(fd_.get(), SOL_SOCKET, SO_RCVBUF, kBuffer);
  // Where it went, and by which interface.
  bool told = v4 ? set_option(fd_.get(), IPPROTO_IP, IP_PKTINFO, 1)
                 : set_option(fd_.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (!told) fd_.reset();
  return told;
}

bool Ear::hear_port(std::uint16_t port) {
  if (!ports_.insert(port).second) return true;
  std::vector<sock_filter> code = filter_for(v4_, ports_);
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0)
    return true;
  ports_.erase(port);
  return false;
}

void Ear::close() { fd_.reset(); }

std::optional<Heard> Ear::read() {
  while (fd_.valid()) {
    std::array<std::uint8_t, kMaxHeaders> octets;
    alignas(cmsghdr) std::array<std::uint8_t, 128> control;
    sockaddr_storage from{};
    iovec where{octets.data(), octets.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    auto size = static_cast<std::size_t>(n);
    auto heard = understand(Bytes(octets).first(std::min(size, octets.size())), size, message);
    if (heard) return heard;
  }
  return std::nullopt;
}

std::optional<Heard> Ear::understand(Bytes octets, std::size_t size, const msghdr& message) {
  auto segment = v4_ ? parse_v4_packet(octets, size) : parse_segment(octets, size);
  if (!segment) return std::nullopt;
  Heard heard{{}, *segment, 0};
  heard.connection.peer = to_endpoint(*static_cast<sockaddr_storage*>(message.msg_name));
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      heard.connection.local = ports::Endpoint::v4(0, 0, 0, 0, 0);
      std::memcpy(heard.connection.local.address.data() + 12, &info.ipi_addr, 4);
      heard.interface = info.ipi_ifindex;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      std::memcpy(heard.connection.local.address.data(), &info.ipi6_addr, 16);
      heard.interface = static_cast<int>(info.ipi6_ifindex);
    }
  }
  heard.connection.local.port = segment->to_port;
  heard.connection.peer.port = segment->from_port;
  return heard;
}

}  // namespace holdfast::platform
