// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "platform/loop/unique_fd.h"
#include "platform/tickle/segment.h"

namespace holdfast::platform {

/// Sockets of connections that this machine never had, by TCP_REPAIR (CAP_NET_ADMIN over the
/// network namespace; Linux 4.19, include/uapi/linux/tcp.h).

/// Bound to the connection's local end, beside listeners, and also before the address is this
/// machine's. Until it is woken, closing it is silent. Invalid: not permitted, or not possible.
UniqueFd bind_repaired(const ports::TcpConnection& connection);

/// Makes the kernel drop what comes on the connection, instead of answering with a reset.
/// False: it cannot; there is a living socket of the connection, for one.
bool hold_place(int bound, const ports::TcpConnection& connection);
/// Then only what comes by this interface; another socket can have the rest.
bool step_aside(int holding, int interface);

/// What the two ends have agreed on.
struct ConnectionState {
  /// The number of the first octet that the peer has not got from us, and we not from it.
  std::uint32_t send = 0;
  std::uint32_t receive = 0;
  /// The peer's, as it is in its header.
  std::uint16_t peer_window = 0;
  /// Ours are shifted by so many bits in headers (RFC 7323 2).
  unsigned receive_scale = 0;
  /// Our clock, which goes on from there.
  std::optional<std::uint32_t> timestamp{};
};

/// Makes it an established connection of this state; from there on it is like any other, but that
/// closing it leaves nothing behind: a peer that has not ended its side is reset. Sends nothing.
/// The window for the header of an ACK that tells the peer; nothing: it could not.
std::optional<std::uint16_t> wake(int bound, const ports::TcpConnection& connection,
                                  const ConnectionState& state);

/// What this kernel agrees on as receive_scale, by a connection to itself; it depends on its
/// settings alone.
unsigned receive_scale_here();

}  // namespace holdfast::platform
