// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tcp_connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "platform/loop/stream_base.h"

namespace holdfast::load {
namespace {

/// Begins to connect. A socket that cannot is given back as it is: whoever reads from it learns it.
platform::UniqueFd begin_to_connect(const ports::Endpoint& to) {
  bool v4 = to.is_v4();
  platform::UniqueFd fd(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fd;
  int one = 1;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_storage address{};
  socklen_t size = 0;
  if (v4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address);
    in->sin_family = AF_INET;
    in->sin_port = htons(to.port);
    std::memcpy(&in->sin_addr, to.address.data() + 12, 4);
    size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(to.port);
    std::memcpy(&in->sin6_addr, to.address.data(), 16);
    size = sizeof *in;
  }
  (void)::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size);
  return fd;
}

}  // namespace

std::shared_ptr<ports::Stream> TcpConnector::connect(ports::Executor&, ports::Endpoint) {
  (void)loop_.options().connections->take();
  return loop_.make_stream(begin_to_connect(server_), server_);
}

}  // namespace holdfast::load
