// SPDX-License-Identifier: Apache-2.0
#include "platform/tickle/repaired_socket.h"

#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "platform/loop/socket.h"

namespace holdfast::platform {
namespace {

/// Names of the kernel's enum of queues and kinds of options, which are in no header for programs
/// (net/ipv4/tcp.c, RFC 9293 3.2, RFC 7323, RFC 2018).
constexpr int kReceiveQueue = 1, kSendQueue = 2;
constexpr std::uint32_t kWindowScale = 3, kSackPermitted = 4, kTimestamps = 8;
/// Of Linux with 6 MiB as the largest buffer, its default for years.
constexpr unsigned kUsualScale = 7;
constexpr int kLoopbackWait_ms = 20;

bool set_queue(int fd, int queue, std::uint32_t next) {
  return set_option(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue) &&
         ::setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &next, sizeof next) == 0;
}

/// Without a segment, as the socket is under repair.
bool connect_to(int fd, const ports::Endpoint& peer) {
  sockaddr_storage to;
  socklen_t size = socket_address(peer, peer.is_v4(), to);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&to), size) == 0;
}

bool set_options(int fd, const ConnectionState& state) {
  // The peer's scale is unknown, and the end is all that is sent: none is enough.
  std::array<tcp_repair_opt, 3> options{
      {{kWindowScale, state.receive_scale << 16}, {kTimestamps, 0}, {kSackPermitted, 0}}};
  // Where there are timestamps there are selective acknowledgements; without them none are sent.
  std::size_t count = state.timestamp ? 3 : 1;
  auto size = static_cast<socklen_t>(count * sizeof options[0]);
  if (::setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options.data(), size) != 0) return false;
  if (!state.timestamp) return true;
  // The lowest bit chooses the clock's unit since Linux 6.7: milliseconds.
  return set_option(fd, IPPROTO_TCP, TCP_TIMESTAMP, static_cast<int>(*state.timestamp & ~1u));
}

/// Of our receiving side.
std::optional<std::uint32_t> set_windows(int fd, const ConnectionState& state) {
  tcp_repair_window windows{};
  socklen_t size = sizeof windows;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &windows, &size) != 0) return std::nullopt;
  windows.snd_wl1 = state.receive;
  windows.snd_wnd = std::max<std::uint32_t>(state.peer_window, 1);  // The end has a number.
  windows.max_window = std::max(windows.max_window, windows.snd_wnd);
  windows.rcv_wup = state.receive;
  if (::setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &windows, size) != 0) return std::nullopt;
  return windows.rcv_wnd;
}

}  // namespace

UniqueFd bind_repaired(const ports::TcpConnection& connection) {
  sockaddr_storage at;
  socklen_t size = socket_address(connection.local, connection.local.is_v4(), at);
  bool v4 = connection.local.is_v4();
  UniqueFd fd(::socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.valid() && set_option(fd.get(), IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON) &&
      set_option(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT,
                 1) &&
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0)
    return fd;
  return {};
}

bool hold_place(int bound, const ports::TcpConnection& connection) {
  // Else it would answer with its own numbers, which are wrong (RFC 9293 3.10.7.4).
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  sock_fprog program{1, &drop};
  return ::setsockopt(bound, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
         connect_to(bound, connection.peer);
}

bool step_aside(int holding, int interface) {
  return set_option(holding, SOL_SOCKET, SO_BINDTOIFINDEX, interface);
}

std::optional<std::uint16_t> wake(int bound, const ports::TcpConnection& connection,
                                  const ConnectionState& state) {
  if (!set_queue(bound, kSendQueue, state.send) || !set_queue(bound, kReceiveQueue, state.receive))
    return std::nullopt;
  if (!connect_to(bound, connection.peer) || !set_options(bound, state)) return std::nullopt;
  auto window = set_windows(bound, state);
  // Without the probe, whose number the peer has had: it would answer once in half a second only.
  if (!window || !set_option(bound, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP))
    return std::nullopt;
  // Repair has allowed others on the port; from here on this does.
  (void)set_option(bound, SOL_SOCKET, SO_REUSEADDR, 1);
  (void)set_option(bound, SOL_SOCKET, SO_REUSEPORT, 1);
  linger nothing{1, 0};
  (void)::setsockopt(bound, SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
  return static_cast<std::uint16_t>(std::min(*window >> state.receive_scale, 0xFFFFu));
}

unsigned receive_scale_here() {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* name = reinterpret_cast<sockaddr*>(&at);
  socklen_t size = sizeof at;
  if (!listener.valid() || !client.valid() || ::bind(listener.get(), name, size) != 0 ||
      ::listen(listener.get(), 1) != 0 || ::getsockname(listener.get(), name, &size) != 0)
    return kUsualScale;
  (void)::connect(client.get(), name, size);
  pollfd connected{client.get(), POLLOUT, 0};
  tcp_info info{};
  size = sizeof info;
  if (::poll(&connected, 1, kLoopbackWait_ms) != 1 ||
      ::getsockopt(client.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      (info.tcpi_options & TCPI_OPT_WSCALE) == 0)
    return kUsualScale;
  return info.tcpi_rcv_wscale;
}

}  // namespace holdfast::platform
