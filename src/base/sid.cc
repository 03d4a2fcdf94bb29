// SPDX-License-Identifier: Apache-2.0
#include "base/sid.h"

namespace holdfast {

bool Sid::is_domain_of(const Sid& other) const {
  if (revision != other.revision || authority != other.authority || other.count != count + 1)
    return false;
  for (std::size_t i = 0; i < count; ++i)
    if (sub[i] != other.sub[i]) return false;
  return true;
}

std::string Sid::to_string() const {
  std::string text = "S-" + std::to_string(revision) + "-";
  if (authority >> 32 != 0) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    text += "0x";
    for (int shift = 44; shift >= 0; shift -= 4) text += kHex[authority >> shift & 15];
  } else {
    text += std::to_string(authority);
  }
  for (std::size_t i = 0; i < count; ++i) text += "-" + std::to_string(sub[i]);
  return text;
}

std::optional<Sid> Sid::parse(std::string_view text) {
  if (text.size() < 4 || (text[0] != 'S' && text[0] != 's') || text[1] != '-') return std::nullopt;
  text.remove_prefix(2);
  std::uint64_t numbers[kMaxSubAuthorities + 2];
  std::size_t count = 0;
  while (!text.empty()) {
    if (count == kMaxSubAuthorities + 2) return std::nullopt;
    std::size_t end = text.find('-');
    std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (end != std::string_view::npos && text.empty()) return std::nullopt;
    bool hex = part.starts_with("0x") || part.starts_with("0X");
    if (hex) part.remove_prefix(2);
    if (part.empty() || part.size() > 15) return std::nullopt;
    std::uint64_t value = 0;
    for (char c : part) {
      int digit = c >= '0' && c <= '9'                        ? c - '0'
                  : hex && (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                              : -1;
      if (digit < 0) return std::nullopt;
      value = value * (hex ? 16 : 10) + static_cast<std::uint64_t>(digit);
    }
    if (value >> (count == 1 ? 48 : count == 0 ? 8 : 32) != 0) return std::nullopt;
    numbers[count++] = value;
  }
  if (count < 2) return std::nullopt;
  Sid sid;
  sid.revision = static_cast<std::uint8_t>(numbers[0]);
  sid.authority = numbers[1];
  for (std::size_t i = 2; i < count; ++i)
    sid.sub[sid.count++] = static_cast<std::uint32_t>(numbers[i]);
  return sid;
}

}  // namespace holdfast
