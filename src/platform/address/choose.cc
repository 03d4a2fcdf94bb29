// SPDX-License-Identifier: Apache-2.0
#include "platform/address/choose.h"

namespace holdfast::platform {
namespace {

bool same_network(const ports::Endpoint& a, const ports::Endpoint& b, unsigned bits) {
  for (std::size_t i = 0; bits != 0; ++i) {
    unsigned here = bits < 8 ? bits : 8;
    auto mask = static_cast<std::uint8_t>(0xFF00 >> here);
    if (((a.address[i] ^ b.address[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

}  // namespace

std::optional<std::string> choose_interface(const std::vector<ConfiguredAddress>& configured,
                                            const ports::Endpoint& address) {
  std::optional<std::string> best;
  unsigned best_bits = 0;
  for (const ConfiguredAddress& c : configured) {
    if (c.address.is_v4() != address.is_v4()) continue;
    unsigned bits = c.prefix_length + (address.is_v4() ? 96 : 0);
    if (c.address.address == address.address) bits = 129;
    // An address alone has no network that others could be in.
    else if (bits >= 128 || c.prefix_length == 0)
      continue;
    if (bits > best_bits && same_network(c.address, address, bits < 128 ? bits : 128)) {
      best = c.interface;
      best_bits = bits;
    }
  }
  return best;
}

}  // namespace holdfast::platform
