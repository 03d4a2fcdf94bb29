// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

/// For tests of tokens, which are published and captured as hexadecimal digits.
namespace holdfast::wire::auth {

/// Spaces and line ends between the digits are skipped.
inline ByteVec hex(std::string_view digits) {
  ByteVec out;
  int high = -1;
  for (char c : digits) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  return out;
}

inline std::string to_hex(Bytes octets) {
  std::string out;
  for (std::uint8_t octet : octets) {
    out += "0123456789abcdef"[octet >> 4];
    out += "0123456789abcdef"[octet & 15];
  }
  return out;
}

}  // namespace holdfast::wire::auth
