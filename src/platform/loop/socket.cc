// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::platform {

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

socklen_t socket_address(const ports::Endpoint& endpoint, bool as_v4, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  if (as_v4) {
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

namespace {

/// Connections that wait for accept; the kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;

bool is_any(const ports::Endpoint& endpoint) {
  auto first = endpoint.address.begin() + (endpoint.is_v4() ? 12 : 0);
  return std::all_of(first, endpoint.address.end(), [](std::uint8_t octet) { return octet == 0; });
}

/// Binds one socket; errno on failure.
std::expected<UniqueFd, int> bind_one(const ports::Endpoint& at, bool as_v4, bool share_port) {
  UniqueFd fd(::socket(as_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return std::unexpected(errno);
  (void)set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (share_port) (void)set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (!as_v4) (void)set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_any(at) ? 0 : 1);
  sockaddr_storage address;
  socklen_t size = socket_address(at, as_v4, address);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    return std::unexpected(errno);
  return fd;
}

std::string listen_error(const ports::Endpoint& at, int error) {
  std::string text = "cannot listen on " + at.to_string() + ": ";
  switch (error) {
    case EACCES:
    case EPERM:
      text += "permission denied";
      if (at.port != 0 && at.port < 1024) {
        text += " (ports below 1024 need root or CAP_NET_BIND_SERVICE; try --port ";
        text += std::to_string(at.port == 445 ? 4450 : at.port + 4000) + ")";
      }
      return text;
    case EADDRINUSE: return text + "another process listens there already";
    case EADDRNOTAVAIL: return text + "this machine has no such address";
    case EAFNOSUPPORT: return text + "this machine has no IPv6";
    case EMFILE:
    case ENFILE: return text + "no more file descriptors (see ulimit -n)";
    default: return text + error_text(error);
  }
}

template <class Call>
ports::Endpoint endpoint_of(int fd, Call call) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (call(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return to_endpoint(address);
}

}  // namespace

ports::Endpoint to_endpoint(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    std::uint8_t octets[4];
    std::memcpy(octets, &v4.sin_addr, 4);
    return ports::Endpoint::v4(octets[0], octets[1], octets[2], octets[3], ntohs(v4.sin_port));
  }
  ports::Endpoint endpoint;
  if (address.ss_family != AF_INET6) return endpoint;
  auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(endpoint.address.data(), &v6.sin6_addr, 16);
  endpoint.port = ntohs(v6.sin6_port);
  return endpoint;
}

const char* error_text(int error) {
  const char* text = ::strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

ports::Endpoint local_endpoint(int fd) { return endpoint_of(fd, ::getsockname); }
ports::Endpoint peer_endpoint(int fd) { return endpoint_of(fd, ::getpeername); }

void tune_stream_socket(int fd, const KeepAlive& keep_alive) {
  (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  (void)set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(keep_alive.idle_s));
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(keep_alive.interval_s));
  (void)set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(keep_alive.probes));
  (void)set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
                   static_cast<int>(keep_alive.unacknowledged_s * 1'000));
}

std::expected<ListenSockets, std::string> open_listeners(const ports::Endpoint& at,
                                                         unsigned count) {
  ListenSockets opened;
  opened.bound = at;
  bool as_v4 = at.is_v4();
  // Without SO_REUSEPORT first: with it, a second server of the same user would quietly take half
  // of the connections.
  auto probe = bind_one(at, as_v4, false);
  if (!probe && probe.error() == EAFNOSUPPORT && !as_v4 && is_any(at)) {
    as_v4 = true;
    opened.bound = ports::Endpoint::v4(0, 0, 0, 0, at.port);
    opened.note = "this machine has no IPv6: listening on IPv4 only";
    probe = bind_one(opened.bound, as_v4, false);
  }
  if (!probe) return std::unexpected(listen_error(at, probe.error()));
  opened.bound.port = local_endpoint(probe->get()).port;
  probe->reset();

  for (unsigned i = 0; i < count; ++i) {
    auto fd = bind_one(opened.bound, as_v4, true);
    if (!fd) return std::unexpected(listen_error(opened.bound, fd.error()));
    opened.sockets.push_back(std::move(*fd));
  }
  // All are bound before one listens: the kernel spreads connections over those that do.
  for (auto& fd : opened.sockets)
    if (::listen(fd.get(), kBacklog) != 0)
      return std::unexpected(listen_error(opened.bound, errno));
  return opened;
}

}  // namespace holdfast::platform
