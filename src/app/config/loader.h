// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"

namespace holdfast::app {

/// One mistake in a configuration file, or something to think about.
struct Finding {
  bool is_error = true;
  /// From 1; 0 when it has no place.
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string text;
};

struct LoadResult {
  std::string file;
  Config config;
  /// In the order of the file.
  std::vector<Finding> findings;

  bool ok() const;
  /// "FILE:LINE:COLUMN: error: TEXT", one a line.
  std::string report() const;
};

/// Reads the text of a configuration file against the schema. Every mistake is found, except that a
/// mistake in TOML itself hides what is behind it.
LoadResult parse_config(std::string_view text, std::string file);

/// The same of a file, with warnings about what the file names and is not there.
LoadResult load_config(const std::string& file);

}  // namespace holdfast::app
