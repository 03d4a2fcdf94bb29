// SPDX-License-Identifier: Apache-2.0
#include "base/guid.h"

namespace holdfast {

std::string Guid::to_string() const {
  static constexpr int kOrder[] = {3,  2, 1, 0,  -1, 5,  4,  -1, 7,  6,
                                   -1, 8, 9, -1, 10, 11, 12, 13, 14, 15};
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (int i : kOrder) {
    if (i < 0) {
      text += '-';
      continue;
    }
    std::uint8_t octet = octets[static_cast<std::size_t>(i)];
    text += kHex[octet >> 4];
    text += kHex[octet & 15];
  }
  return text;
}

}  // namespace holdfast
