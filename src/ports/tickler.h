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
/// peer with an ACK of its real numbers (RFC 793 3.9, RFC 5961 4). Then either this machine makes
/// the connection again with these numbers, and ends it in order when the peer has sent what it was
/// sending; or, knowing no such connection, it resets it with exactly the number expected. Either
/// way the peer connects anew at once.
class Tickler {
 public:
  virtual ~Tickler() = default;
  /// The local address may come to this machine within the next second: what the peer sends then,
  /// before it is tickled, is not to be answered with a reset. May block for a moment
  /// (run_blocking); from any thread, also while another is in tickle().
  virtual void expect(const TcpConnection& connection) = 0;
  /// Sends one segment and waits for nothing. nth: which segment of this connection it is, from 0;
  /// each has other numbers, lest one be right by chance. On one loop at a time.
  virtual TickleResult tickle(const TcpConnection& connection, unsigned nth) = 0;
};

}  // namespace holdfast::ports
