// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/stream.h"

namespace holdfast::ports {

/// A TCP connection of an earlier instance as it was on the wire: behind a proxy the peer is the
/// proxy, whoever the client is.
struct TcpConnection {
  Endpoint local;
  Endpoint peer;

  auto operator<=>(const TcpConnection&) const = default;
};

enum class TickleOutcome : std::uint8_t {
  kSent,
  /// The local address is not one of this machine's (yet): the answer would go elsewhere.
  kNotOurs,
  /// This process may not send raw segments (CAP_NET_RAW), and never will.
  kNotPermitted,
  /// The kernel refused it for another reason; later it may not.
  kFailed,
};

struct TickleResult {
  TickleOutcome outcome = TickleOutcome::kSent;
  /// For people; static. Empty when sent.
  std::string_view why;
};

/// Makes the peers of an earlier instance's connections notice that it is gone.
///
/// An ACK with a meaningless sequence number from the old local address and port is answered by the
/// peer with an ACK of its real numbers (RFC 793 3.9, RFC 5961 4); this machine, which knows no
/// such connection, resets it with exactly the number expected; the peer connects anew at once.
class Tickler {
 public:
  virtual ~Tickler() = default;
  /// Sends one segment and waits for nothing. nth: which segment of this connection it is, from 0;
  /// each has other numbers, lest one be right by chance. On one loop at a time.
  virtual TickleResult tickle(const TcpConnection& connection, unsigned nth) = 0;
};

}  // namespace holdfast::ports
