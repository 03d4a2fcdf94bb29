// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ports/stream.h"

namespace holdfast::ports {

/// One address of one network interface of this machine.
struct NetworkAddress {
  /// The port is 0.
  Endpoint address;
  /// As the system numbers its interfaces; never 0.
  std::uint32_t interface_index = 0;
  std::uint64_t bits_per_second = 0;
  /// Receives on several queues: several connections to it are faster than one.
  bool rss = false;

  bool operator==(const NetworkAddress&) const = default;
};

/// The machine's network interfaces, as they are now.
class NetworkInterfaces {
 public:
  virtual ~NetworkInterfaces() = default;
  /// The addresses of all interfaces that are up. May block for a moment; from any thread.
  virtual std::vector<NetworkAddress> addresses() = 0;
};

}  // namespace holdfast::ports
