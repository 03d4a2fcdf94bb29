// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "ports/executor.h"

namespace holdfast::ports {

/// An IP address and a TCP port. IPv4 is kept as an IPv4-mapped IPv6 address.
struct Endpoint {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  static Endpoint v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                     std::uint16_t port);
  bool is_v4() const;
  /// "192.0.2.1:445", "[2001:db8::1]:445"
  std::string to_string() const;
  /// Without the port and brackets.
  std::string address_string() const;
};

/// Why a stream ended.
enum class CloseReason : std::uint8_t {
  /// close() or abort() was called on our side.
  kLocal,
  /// The peer ended it in order.
  kPeer,
  /// Reset, or the network failed.
  kError,
};

/// The user of one stream. All calls come on the stream's loop.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  /// Where the next octets shall be put: the missing part of a frame that has begun. Empty: the
  /// loop uses a buffer of its own, so that an idle connection has none. The memory must stay where
  /// it is until on_received or on_closed: the kernel may be writing into it meanwhile.
  virtual MutBytes receive_target() = 0;
  /// Octets arrived: either the first data.size() of the receive_target(), or in a buffer that is
  /// the loop's again when this returns.
  virtual void on_received(Bytes data) = 0;
  /// The send queue fell below half of what it was when send() last returned it as too long.
  virtual void on_send_progress() {}
  /// The last call. The stream then drops its reference to the handler.
  virtual void on_closed(CloseReason reason) = 0;
};

/// A connection that stands still, for another binary of the server to go on with.
struct StreamImage {
  /// What the platform knows it by.
  std::uint32_t handle = 0;
  /// Arrived and not delivered; queued and not taken by the kernel.
  ByteVec received, unsent;
  /// On the wire; peer() and local() may be what a proxy says.
  Endpoint peer, local;
};

/// One TCP connection (or what stands for one), bound to the loop it was accepted on.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Begins to deliver. Keeps the handler alive until on_closed returned.
  virtual void start(std::shared_ptr<StreamHandler> handler) = 0;
  /// Queues octets to be sent in order. What is queued in one turn of the loop goes out in one call
  /// to the kernel. Does nothing after the stream has ended.
  virtual void send(Buffer data) = 0;
  /// Octets queued and not yet taken by the kernel.
  virtual std::size_t queued() const = 0;
  /// Octets queued, and those that the peer's TCP has not confirmed yet.
  virtual std::size_t unconfirmed() const = 0;
  /// Stops and resumes delivery of received octets (back pressure).
  virtual void pause_receiving() = 0;
  virtual void resume_receiving() = 0;
  /// Sends what is queued, then ends the connection. on_closed follows.
  virtual void close() = 0;
  /// Ends the connection at once; the peer may see a reset. on_closed follows from the loop, never
  /// from within this call.
  virtual void abort() = 0;
  /// Whether the connection, should this process end without a word, does not end with it: somebody
  /// keeps it for the next instance, which ends it in order. Does nothing where nobody does that.
  virtual void outlive(bool yes) { (void)yes; }
  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;

  /// Nothing moves between the kernel and this process when `done` is called, on the loop, until
  /// resume(). Receiving is paused before.
  virtual void suspend(UniqueFunction done) { done(); }
  /// Sends again; receiving stays paused.
  virtual void resume() {}
  /// While it is suspended. nullopt: it has ended, or is of a kind that cannot be handed over.
  virtual std::optional<StreamImage> image() const { return std::nullopt; }
};

/// Called on the loop that the stream belongs to.
using AcceptHandler = std::function<void(Executor& loop, std::shared_ptr<Stream>)>;

}  // namespace holdfast::ports
