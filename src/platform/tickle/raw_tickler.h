// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/loop/unique_fd.h"
#include "ports/tickler.h"

namespace holdfast::platform {

/// Raw sockets, opened when first needed and in the network namespace of the thread that does.
class RawTickler final : public ports::Tickler {
 public:
  /// Whether this process may open raw sockets (CAP_NET_RAW).
  bool is_permitted();
  ports::TickleResult tickle(const ports::TcpConnection& connection, unsigned nth) override;

 private:
  /// The raw socket of the family, or an errno.
  int open(bool v4, int& error);

  UniqueFd v4_;
  UniqueFd v6_;
};

}  // namespace holdfast::platform
