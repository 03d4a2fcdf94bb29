// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ports/network.h"

namespace holdfast::platform {

/// The interfaces that the kernel tells of. Thread-safe: it keeps nothing.
class SystemInterfaces final : public ports::NetworkInterfaces {
 public:
  /// sysfs: where the directory of each interface stands.
  explicit SystemInterfaces(std::string sysfs = "/sys/class/net");
  std::vector<ports::NetworkAddress> addresses() override;

  /// Bits per second of an interface.
  std::uint64_t speed_of(const std::string& interface) const;
  /// It has more than one receive queue.
  bool has_rss(const std::string& interface) const;

 private:
  std::string sysfs_;
};

}  // namespace holdfast::platform
