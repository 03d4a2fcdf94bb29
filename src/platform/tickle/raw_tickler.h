// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/tickle/raw_sender.h"
#include "platform/tickle/reviver.h"
#include "ports/tickler.h"

namespace holdfast::platform {

/// Raw sockets, opened when first needed and in the network namespace of the thread that does.
class RawTickler final : public ports::Tickler {
 public:
  /// revives: connections are made again and ended in order, where that is possible, in the place
  /// of a reset. ended: some were; on another thread.
  explicit RawTickler(bool revives = true, Farewell::Done ended = {});
  /// Whether this process may open raw sockets (CAP_NET_RAW). From any thread.
  static bool is_permitted();
  void expect(const ports::TcpConnection& connection) override;
  ports::TickleResult tickle(const ports::TcpConnection& connection, unsigned nth) override;

 private:
  const bool revives_;
  RawSender sender_;
  Reviver reviver_;
};

}  // namespace holdfast::platform
