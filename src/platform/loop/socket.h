// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <expected>
#include <string>
#include <vector>

#include "platform/loop/unique_fd.h"
#include "ports/stream.h"

namespace holdfast::platform {

/// When a connection whose peer fell silent is given up: after idle_s + probes * interval_s when
/// nothing is in flight, after unacknowledged_s when sent octets are not acknowledged.
struct KeepAlive {
  unsigned idle_s = 15;
  unsigned interval_s = 3;
  unsigned probes = 3;
  unsigned unacknowledged_s = 24;
};

/// Local and peer address of a socket; all zeros when the kernel does not tell.
ports::Endpoint local_endpoint(int fd);
ports::Endpoint peer_endpoint(int fd);
ports::Endpoint to_endpoint(const sockaddr_storage& address);
/// The other way round; an IPv4 address can be written as the IPv6 one that it is kept as. The size
/// is that of the family.
socklen_t socket_address(const ports::Endpoint& endpoint, bool as_v4, sockaddr_storage& out);

/// An option that is a number. False: errno tells why.
bool set_option(int fd, int level, int name, int value);

/// What an errno means ("Too many open files"), untranslated. Needs no memory and no descriptor.
const char* error_text(int error);

/// TCP_NODELAY and keepalive for an accepted connection. Failures are ignored: it works without.
void tune_stream_socket(int fd, const KeepAlive& keep_alive);

struct ListenSockets {
  /// As asked for, with the port that was bound when 0 was asked for.
  ports::Endpoint bound;
  /// One for each loop, all with SO_REUSEPORT on the same address.
  std::vector<UniqueFd> sockets;
  /// Something an administrator should know ("no IPv6 here ...") or empty.
  std::string note;
};

/// Opens count listening sockets on one address. [::] listens on IPv4, too, and where the machine
/// has no IPv6, on IPv4 alone. Refuses an address that another process listens on. The error is a
/// sentence for an administrator.
std::expected<ListenSockets, std::string> open_listeners(const ports::Endpoint& at, unsigned count);

}  // namespace holdfast::platform
