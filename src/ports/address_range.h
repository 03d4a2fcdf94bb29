// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/stream.h"

namespace holdfast::ports {

/// All addresses that agree in their first bits: "10.0.0.0/8", "2001:db8::/32", one address.
struct AddressRange {
  Endpoint base;
  /// Of 128; an IPv4 range has 96 more than its text says.
  unsigned prefix_length = 128;

  bool operator==(const AddressRange&) const = default;
  /// Whatever the port.
  bool contains(const Endpoint& endpoint) const {
    unsigned bits = prefix_length;
    for (std::size_t i = 0; bits != 0; ++i) {
      unsigned here = bits < 8 ? bits : 8;
      auto mask = static_cast<std::uint8_t>(0xFF00 >> here);
      if (((base.address[i] ^ endpoint.address[i]) & mask) != 0) return false;
      bits -= here;
    }
    return true;
  }
};

}  // namespace holdfast::ports
