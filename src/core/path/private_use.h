// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Characters that a Windows name cannot hold, in Unicode's private use area: the "Services for
/// Macintosh" mapping of the Linux and macOS clients.
namespace holdfast::core::private_use {

/// In the order of U+F020-U+F027.
inline constexpr std::string_view kForbidden = "\"*:<>?\\|";
/// Controls 01-1F are U+F001-U+F01F.
inline constexpr char32_t kControlBase = 0xF000;
inline constexpr char32_t kForbiddenBase = 0xF020;
inline constexpr char32_t kLastSpace = 0xF028;
inline constexpr char32_t kLastPeriod = 0xF029;

/// Appends a character of U+0800-U+FFFF as UTF-8.
inline void append(std::string& out, char32_t c) {
  out += static_cast<char>(0xE0 | c >> 12);
  out += static_cast<char>(0x80 | (c >> 6 & 63));
  out += static_cast<char>(0x80 | (c & 63));
}

/// Appends an octet of a name; what Windows cannot hold, mapped. last: of the name.
inline void append_mapped(std::string& out, char c, bool last) {
  std::size_t forbidden = kForbidden.find(c);
  if (static_cast<unsigned char>(c) < 0x20) {
    append(out, kControlBase + static_cast<unsigned char>(c));
  } else if (forbidden != std::string_view::npos) {
    append(out, kForbiddenBase + static_cast<char32_t>(forbidden));
  } else if (last && c == ' ') {
    append(out, kLastSpace);
  } else if (last && c == '.') {
    append(out, kLastPeriod);
  } else {
    out += c;
  }
}

}  // namespace holdfast::core::private_use
