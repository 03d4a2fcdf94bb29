// SPDX-License-Identifier: Apache-2.0
#include "core/path/short_name.h"

#include <cstdint>

#include "base/utf16.h"

namespace holdfast::core {
namespace {

constexpr std::size_t kBase = 8;
constexpr std::size_t kExtension = 3;

bool is_short_char(char c) {
  auto u = static_cast<unsigned char>(c);
  if (u <= 0x20 || u >= 0x7F) return false;
  return std::string_view("\"*+,./:;<=>?[\\]|").find(c) == std::string_view::npos;
}

bool all_short(std::string_view text) {
  for (char c : text)
    if (!is_short_char(c)) return false;
  return true;
}

/// Up to `most` characters that an 8.3 name may have, in upper case.
std::string squeezed(std::string_view text, std::size_t most) {
  std::string out;
  for (char c : text) {
    if (out.size() == most) break;
    if (is_short_char(c)) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

struct Parts {
  std::string_view base;
  std::string_view extension;
  bool has_dot;
};

Parts split(std::string_view name) {
  std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {name, {}, false};
  return {name.substr(0, dot), name.substr(dot + 1), true};
}

bool is_short(const Parts& p) {
  return !p.base.empty() && p.base.size() <= kBase && all_short(p.base) &&
         (!p.has_dot || (!p.extension.empty() && p.extension.size() <= kExtension)) &&
         all_short(p.extension);
}

}  // namespace

std::string short_name(std::string_view name) {
  if (name == "." || name == "..") return {};
  Parts parts = split(name);
  if (is_short(parts)) return {};
  std::uint32_t hash = 2166136261u;
  for (char c : fold_name(name)) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  hash ^= hash >> 16;
  std::string out = squeezed(parts.base, 2);
  for (int shift : {12, 8, 4, 0}) out += "0123456789ABCDEF"[hash >> shift & 15];
  out += "~1";
  if (std::string extension = squeezed(parts.extension, kExtension); !extension.empty())
    out += "." + extension;
  return out;
}

bool looks_like_short_name(std::string_view component) {
  Parts parts = split(component);
  return is_short(parts) && parts.base.size() >= 6 && parts.base.ends_with("~1");
}

}  // namespace holdfast::core
