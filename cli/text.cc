// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <algorithm>
#include <cstdio>

#include "app/log/log_sink.h"
#include "base/utf16.h"

namespace holdfast::cli {
namespace {

bool is_wide(char16_t unit) {
  return (unit >= 0x1100 && unit <= 0x115F) || (unit >= 0x2E80 && unit <= 0xA4CF) ||
         (unit >= 0xAC00 && unit <= 0xD7A3) || (unit >= 0xF900 && unit <= 0xFAFF) ||
         (unit >= 0xFE30 && unit <= 0xFE6F) || (unit >= 0xFF00 && unit <= 0xFF60) ||
         (unit >= 0xFFE0 && unit <= 0xFFE6);
}

}  // namespace

std::size_t display_width(const std::string& text) {
  std::size_t width = 0;
  for (char16_t unit : utf8_to_utf16(text)) {
    bool combines = unit >= 0x0300 && unit <= 0x036F;
    // A surrogate pair is one character, most often two columns wide: one each.
    if (!combines) width += is_wide(unit) ? 2 : 1;
  }
  return width;
}

std::string table(const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(heads.size(), 0);
  std::vector<std::vector<std::string>> lines = {heads};
  for (const auto& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(app::printable(cell));
    line.resize(heads.size());
  }
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], display_width(line[i]));
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i)
      text += line[i] + std::string(widths[i] - display_width(line[i]) + 2, ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + "\n";
  }
  return out;
}

std::string octets_text(std::uint64_t octets) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
  if (octets < 1000) return std::to_string(octets) + " B";
  double value = static_cast<double>(octets);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string duration_text(std::uint64_t seconds) {
  std::uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (minutes == 0) return std::to_string(seconds) + " s";
  if (hours == 0) return std::to_string(minutes) + " min";
  if (days == 0) return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
  return std::to_string(days) + " d " + std::to_string(hours % 24) + " h";
}

}  // namespace holdfast::cli
