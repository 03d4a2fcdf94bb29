// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/tickle/raw_sender.h"
#include "platform/tickle/reviver.h"
#include "ports/tickler.h"

namespace holdfast::platform {

/// Raw sockets, opened when first needed and in the network namespace of the thread that does.
class RawTickler final : public ports::Tickler {
 public:
  /// ended: connections were ended in order; on another thread.
  explicit RawTickler(Farewell::Done ended = {});
  /// Whether this process may open raw sockets (CAP_NET_RAW). From any thread.
  static bool is_permitted();
  void expect(const ports::TcpConnection& connection) override;
  ports::TickleResult tickle(const ports::TcpConnection& connection, unsigned nth) override;

 private:
  RawSender sender_;
  Reviver reviver_;
};

}  // namespace holdfast::platform
