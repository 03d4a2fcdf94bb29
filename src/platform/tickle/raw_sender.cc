// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/raw_sender.h"

#include <netinet/in.h>

#include <cerrno>

#include "platform/loop/socket.h"

namespace holdfast::platform {

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
  socklen_t size = socket_address(address, address.is_v4(), where);
  int fd = to.is_v4() ? v4_.get() : v6_.get();
  auto* name = reinterpret_cast<sockaddr*>(&where);
  return ::sendto(fd, packet.data(), packet.size(), 0, name, size) < 0 ? errno : 0;
}

}  // namespace holdfast::platform
