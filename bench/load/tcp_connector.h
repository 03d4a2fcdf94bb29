// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/loop/event_loop.h"
#include "sim/world/host.h"

namespace holdfast::load {

/// TCP connections from one loop to one server.
class TcpConnector final : public sim::Connector {
 public:
  TcpConnector(platform::EventLoop& loop, const ports::Endpoint& server)
      : loop_(loop), server_(server) {}

  /// from is not looked at. What fails at once ends the stream as a refusal does.
  std::shared_ptr<ports::Stream> connect(ports::Executor& loop, ports::Endpoint from) override;

 private:
  platform::EventLoop& loop_;
  ports::Endpoint server_;
};

}  // namespace holdfast::load
