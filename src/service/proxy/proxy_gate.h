// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/event.h"
#include "ports/address_range.h"
#include "ports/stream.h"
#include "ports/tickler.h"

namespace holdfast::service {

/// Reads the PROXY header of each connection of one listener. Thread-safe: connections stay on
/// their loops.
class ProxyGate : public std::enable_shared_from_this<ProxyGate> {
 public:
  /// Gets streams whose peer() and local() are what the proxy says, with the connection on the
  /// wire. As ports::AcceptHandler: whoever does not start the stream closes it by letting go.
  using Next = std::function<void(ports::Executor& loop, std::shared_ptr<ports::Stream>,
                                  const ports::TcpConnection& on_the_wire)>;

  /// trusted: the proxies whose word counts. The sink must outlive the gate and its connections.
  ProxyGate(std::vector<ports::AddressRange> trusted, EventSink& events, Next next);

  /// For ports::AcceptHandler.
  void accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream);

 private:
  friend class ProxiedLink;
  void refused(ports::Executor& loop, const ports::Endpoint& peer, std::string_view why);

  const std::vector<ports::AddressRange> trusted_;
  EventSink& events_;
  const Next next_;
  std::atomic<std::uint64_t> refusals_{0};
  std::atomic<std::uint64_t> next_event_us_{0};
};

}  // namespace holdfast::service
