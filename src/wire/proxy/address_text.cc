// SPDX-License-Identifier: Apache-2.0
#include "wire/proxy/address_text.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace holdfast::wire::proxy {
namespace {

std::optional<unsigned> number(std::string_view text, int base, std::size_t digits, unsigned max) {
  unsigned value = 0;
  if (text.empty() || text.size() > digits) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::optional<unsigned> decimal(std::string_view text, std::size_t digits, unsigned max) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number(text, 10, digits, max);
}

/// Groups of a colon-separated part, appended as octets; the last may be a dotted IPv4 address.
bool append_groups(std::string_view text, bool may_be_dotted, std::vector<std::uint8_t>& out) {
  while (!text.empty()) {
    std::size_t colon = text.find(':');
    std::string_view group = text.substr(0, colon);
    bool last = colon == std::string_view::npos;
    if (last && may_be_dotted && group.find('.') != std::string_view::npos) {
      auto v4 = parse_v4(group);
      if (v4) out.insert(out.end(), v4->begin() + 12, v4->end());
      return v4.has_value();
    }
    auto value = number(group, 16, 4, 0xFFFF);
    if (!value) return false;
    out.push_back(static_cast<std::uint8_t>(*value >> 8));
    out.push_back(static_cast<std::uint8_t>(*value));
    if (last) return true;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
  }
  return true;
}

}  // namespace

std::optional<AddressOctets> parse_v4(std::string_view text) {
  AddressOctets out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  for (std::size_t i = 12; i < 16; ++i) {
    std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 15)) return std::nullopt;
    auto value = decimal(text.substr(0, dot), 3, 255);
    if (!value) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(*value);
    if (i < 15) text.remove_prefix(dot + 1);
  }
  return out;
}

std::optional<AddressOctets> parse_v6(std::string_view text) {
  std::vector<std::uint8_t> before, after;
  std::size_t gap = text.find("::");
  bool has_gap = gap != std::string_view::npos;
  if (!append_groups(text.substr(0, gap), !has_gap, before)) return std::nullopt;
  if (has_gap && !append_groups(text.substr(gap + 2), true, after)) return std::nullopt;
  std::size_t size = before.size() + after.size();
  // "::" stands for one group at least.
  if (has_gap ? size > 14 : size != 16) return std::nullopt;
  AddressOctets out{};
  std::ranges::copy(before, out.begin());
  std::ranges::copy(after, out.end() - static_cast<std::ptrdiff_t>(after.size()));
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto value = decimal(text, 5, 65'535);
  if (!value) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

std::string v4_text(const AddressOctets& address) {
  std::string text;
  for (std::size_t i = 12; i < 16; ++i) text += (i == 12 ? "" : ".") + std::to_string(address[i]);
  return text;
}

std::string v6_text(const AddressOctets& address) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i != 0 && i % 2 == 0) text += ':';
    text += kHex[address[i] >> 4];
    text += kHex[address[i] & 15];
  }
  return text;
}

}  // namespace holdfast::wire::proxy
