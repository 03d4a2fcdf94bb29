// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/address_holder.h"

namespace holdfast::platform {

/// The kernel's addresses, of the network namespace of the thread that calls. Keeps nothing.
class NetlinkAddresses final : public ports::AddressHolder {
 public:
  std::expected<Held, std::string> take(const ports::MovingAddress& address) override;
  std::expected<void, std::string> release(const ports::MovingAddress& address) override;
  std::expected<void, std::string> announce(const ports::MovingAddress& address) override;
};

}  // namespace holdfast::platform
