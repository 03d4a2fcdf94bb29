// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ports/stream.h"

namespace holdfast::ports {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

void append_hex(std::string& out, unsigned group) {
  static constexpr char kHex[] = "0123456789abcdef";
  bool started = false;
  for (int shift = 12; shift >= 0; shift -= 4) {
    unsigned digit = group >> shift & 15;
    started = started || digit != 0 || shift == 0;
    if (started) out += kHex[digit];
  }
}

/// The longest run of two or more zero groups (RFC 5952 4.2); length 0 when there is none.
std::pair<int, int> longest_zero_run(const std::array<unsigned, 8>& groups) {
  int best = 0, best_length = 0;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) ++end;
    if (end - i > best_length && end - i >= 2) best = i, best_length = end - i;
    i = std::max(end, i + 1);
  }
  return {best, best_length};
}

}  // namespace

Endpoint Endpoint::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                      std::uint16_t port) {
  Endpoint e;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), e.address.begin());
  e.address[12] = a, e.address[13] = b, e.address[14] = c, e.address[15] = d;
  e.port = port;
  return e;
}

bool Endpoint::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

std::string Endpoint::address_string() const {
  std::string text;
  if (is_v4()) {
    for (std::size_t i = 12; i < 16; ++i) text += (i == 12 ? "" : ".") + std::to_string(address[i]);
    return text;
  }
  std::array<unsigned, 8> groups;
  for (std::size_t i = 0; i < 8; ++i) groups[i] = address[2 * i] * 256u + address[2 * i + 1];
  auto [run, run_length] = longest_zero_run(groups);
  for (int i = 0; i < 8; ++i) {
    if (run_length != 0 && i == run) {
      text += "::";
      i += run_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    append_hex(text, groups[static_cast<std::size_t>(i)]);
  }
  return text;
}

std::string Endpoint::to_string() const {
  std::string host = address_string();
  return (is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace holdfast::ports
