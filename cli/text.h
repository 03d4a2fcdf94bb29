// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::cli {

/// A table for people: columns as wide as their widest cell, two spaces between them, no space at
/// the ends of lines. Control characters in cells are made visible.
std::string table(const std::vector<std::string>& heads,
                  const std::vector<std::vector<std::string>>& rows);

/// "512 B", "1.5 KB", "12.3 MB": powers of 1000.
std::string octets_text(std::uint64_t octets);

/// "3 s", "5 min", "2 h 5 min", "3 d 4 h".
std::string duration_text(std::uint64_t seconds);

/// Columns that a terminal needs for UTF-8 text; East Asian wide characters count two.
std::size_t display_width(const std::string& text);

}  // namespace holdfast::cli
