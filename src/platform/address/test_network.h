// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "platform/loop/socket.h"
#include "platform/loop/unique_fd.h"

namespace holdfast::platform::testing {

/// A network namespace without a name; it goes with the last socket and descriptor in it.
class Namespace {
 public:
  explicit Namespace(int fd) : fd_(fd) {}
  int fd() const { return fd_.get(); }
  /// As `ip link ... netns PATH` takes it.
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
  }

 private:
  UniqueFd fd_;
};

/// Moves the calling thread into a namespace for a scope. Sockets stay where they were made.
class Inside {
 public:
  explicit Inside(const Namespace& where)
      : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (::setns(where.fd(), CLONE_NEWNET) != 0) std::abort();
  }
  ~Inside() {
    if (::setns(before_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  Inside(const Inside&) = delete;

 private:
  UniqueFd before_;
};

inline bool run_in(const Namespace& where, const std::string& commands) {
  Inside inside(where);
  return std::system(("set -e; " + commands).c_str()) == 0;
}

/// A client and two servers on one Ethernet, each a namespace of its own. The client has the
/// addresses .20, the servers' eth0 .11 and .12 of 10.94.0.0/24 and fd00:94::/64.
class TestNetwork {
 public:
  /// nullopt and why: there is no way to make namespaces here.
  static std::optional<TestNetwork> make(std::string& why) {
    TestNetwork net;
    for (auto* made : {&net.client_, &net.servers_[0], &net.servers_[1]})
      if (!new_namespace(*made))
        return why = "cannot make network namespaces (needs root)", std::nullopt;
    if (std::system("command -v ip >/dev/null") != 0)
      return why = "there is no ip (iproute2)", std::nullopt;
    if (!run_in(net.client(),
                "ip link set lo up; ip link add br0 type bridge; ip link set br0 up;"
                "ip addr add 10.94.0.20/24 dev br0; ip addr add fd00:94::20/64 dev br0 nodad"))
      return why = "cannot make a bridge here", std::nullopt;
    for (int i = 0; i < 2; ++i)
      if (!net.plug_in(i)) return why = "cannot make veth interfaces here", std::nullopt;
    return net;
  }

  const Namespace& client() const { return *client_; }
  const Namespace& server(int i) const { return *servers_[i]; }
  /// From now on nothing reaches the server, and nothing comes from it; it does not know.
  bool cut(int i) const {
    return run_in(client(), "ip link set port" + std::to_string(i) + " down");
  }

 private:
  static bool new_namespace(std::optional<Namespace>& out) {
    UniqueFd before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) != 0) return false;
    out.emplace(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    return ::setns(before.get(), CLONE_NEWNET) == 0;
  }
  bool plug_in(int i) const {
    std::string port = "port" + std::to_string(i), host = std::to_string(11 + i);
    return run_in(client(), "ip link add " + port + " type veth peer name eth0 netns " +
                                server(i).path() + "; ip link set " + port +
                                " master br0; ip link set " + port + " up") &&
           run_in(server(i), "ip link set lo up; ip link set eth0 up; ip addr add 10.94.0." + host +
                                 "/24 dev eth0; ip addr add fd00:94::" + host +
                                 "/64 dev eth0 nodad");
  }

  std::optional<Namespace> client_;
  std::optional<Namespace> servers_[2];
};

inline ports::Endpoint moving_address(bool v4, std::uint16_t port = 0) {
  if (v4) return ports::Endpoint::v4(10, 94, 0, 100, port);
  ports::Endpoint e;
  e.address = {0xfd, 0, 0, 0x94, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  e.port = port;
  return e;
}

inline socklen_t to_sockaddr(const ports::Endpoint& e, sockaddr_storage& out) {
  out = {};
  if (e.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET, v4.sin_port = htons(e.port);
    std::memcpy(&v4.sin_addr, e.address.data() + 12, 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  v6.sin6_family = AF_INET6, v6.sin6_port = htons(e.port);
  std::memcpy(&v6.sin6_addr, e.address.data(), 16);
  return sizeof v6;
}

/// An established connection between two namespaces, both ends.
struct TestConnection {
  UniqueFd client;
  UniqueFd server;
  UniqueFd listener;

  static TestConnection make(const Namespace& from, const Namespace& to,
                             const ports::Endpoint& at) {
    TestConnection c;
    sockaddr_storage address;
    socklen_t size = to_sockaddr(at, address);
    {
      Inside inside(to);
      c.listener.reset(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::bind(c.listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
          ::listen(c.listener.get(), 8) != 0)
        return {};
    }
    {
      Inside inside(from);
      c.client.reset(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(c.client.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return {};
    }
    c.server.reset(::accept(c.listener.get(), nullptr, nullptr));
    return c;
  }
};

/// What the socket sees within the time: an errno, 0 for an orderly end, -1 for nothing.
inline int error_within(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, timeout_ms) != 1) return -1;
  char octet;
  return ::recv(fd, &octet, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

}  // namespace holdfast::platform::testing
