// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "platform/loop/unique_fd.h"
#include "ports/stream.h"

namespace holdfast::platform {

/// Sends packets with IP headers of its own by raw sockets (CAP_NET_RAW), which are opened when
/// first needed, in the network namespace of the thread that does.
class RawSender {
 public:
  /// 0 or an errno.
  int open(bool v4);
  /// To the endpoint's address; 0 or an errno.
  int send(const ports::Endpoint& to, Bytes packet);

 private:
  UniqueFd v4_;
  UniqueFd v6_;
};

}  // namespace holdfast::platform
