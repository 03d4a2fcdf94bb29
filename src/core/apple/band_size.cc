// SPDX-License-Identifier: Apache-2.0
#include "core/apple/band_size.h"

#include <charconv>

namespace holdfast::core::apple {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view without_space(std::string_view text) {
  std::size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// True: the text begins with it, and it is gone.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

bool is_image_name(std::string_view name) {
  return name.ends_with(".sparsebundle") || name.ends_with(".backupbundle");
}

std::optional<std::uint64_t> band_size(std::string_view info_plist) {
  constexpr std::string_view kKey = "<key>band-size</key>";
  std::size_t at = info_plist.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view text = without_space(info_plist.substr(at + kKey.size()));
  if (!take(text, "<integer>")) return std::nullopt;
  text = without_space(text);
  std::uint64_t size = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text = without_space(text);
  if (!take(text, "</integer>") || size == 0) return std::nullopt;
  return size;
}

}  // namespace holdfast::core::apple
