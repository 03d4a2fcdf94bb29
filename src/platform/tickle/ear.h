// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <optional>
#include <set>

#include "platform/loop/unique_fd.h"
#include "platform/tickle/heard_segment.h"
#include "ports/tickler.h"

namespace holdfast::platform {

struct Heard {
  /// Seen from this machine: the peer sent it.
  ports::TcpConnection connection;
  HeardSegment segment;
  /// The index of the interface by which it came.
  int interface = 0;
};

/// Hears TCP segments that come to this machine, whether there is a socket for them or not, by a
/// raw socket (CAP_NET_RAW) in the network namespace of the thread that opens it. They are copies:
/// the kernel takes the segments as ever, after they were heard.
class Ear {
 public:
  /// Of one family. False: not permitted, or not possible.
  bool open(bool v4);
  /// Also those to this local port from now on; others are not heard. Needs open().
  bool hear_port(std::uint16_t port);
  void close();
  /// Readable when there is something to read; -1 when closed.
  int fd() const { return fd_.get(); }
  /// The next one that can be understood; nothing: no more for now.
  std::optional<Heard> read();

 private:
  std::optional<Heard> understand(Bytes octets, std::size_t size, const msghdr& message);

  UniqueFd fd_;
  bool v4_ = false;
  std::set<std::uint16_t> ports_;
};

}  // namespace holdfast::platform
