// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <string>

#include "base/bytes.h"

namespace holdfast {

/// A GUID as its 16 octets on the wire (MS-DTYP 2.3.4.2).
struct Guid {
  std::array<std::uint8_t, 16> octets{};

  auto operator<=>(const Guid&) const = default;
  bool is_zero() const { return *this == Guid{}; }
  Bytes view() const { return octets; }
  static Guid from(Bytes bytes16) {
    Guid g;
    if (bytes16.size() == 16) std::memcpy(g.octets.data(), bytes16.data(), 16);
    return g;
  }
  /// "00112233-4455-6677-8899-aabbccddeeff" (MS-DTYP 2.3.4.3 without braces).
  std::string to_string() const;
};

}  // namespace holdfast
