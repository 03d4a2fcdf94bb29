// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/raw_sender.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace holdfast::platform {

socklen_t socket_address(const ports::Endpoint& endpoint, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  if (endpoint.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    std::memcpy(&v4->sin_addr, endpoint.address.data() + 12, 4);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(endpoint.port);
  std::memcpy(&v6->sin6_addr, endpoint.address.data(), 16);
  return sizeof *v6;
}

int RawSender::open(bool v4) {
  UniqueFd& fd = v4 ? v4_ : v6_;
  if (fd.valid()) return 0;
  // IPPROTO_RAW: the IP header is ours, in both families.
  fd.reset(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  return fd.valid() ? 0 : errno;
}

int RawSender::send(const ports::Endpoint& to, Bytes packet) {
  if (int error = open(to.is_v4()); error != 0) return error;
  ports::Endpoint address = to;
  address.port = 0;  // Raw sockets of IPv6 take it for a protocol (ipv6(7)).
  sockaddr_storage where;
  socklen_t size = socket_address(address, where);
  int fd = to.is_v4() ? v4_.get() : v6_.get();
  auto* name = reinterpret_cast<sockaddr*>(&where);
  return ::sendto(fd, packet.data(), packet.size(), 0, name, size) < 0 ? errno : 0;
}

}  // namespace holdfast::platform
