// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "wire/fscc/name_match.h"

namespace holdfast::core {

/// Names whose objects are shown with the HIDDEN attribute, whatever is stored with them.
struct HiddenNames {
  /// Those that begin with a dot, as Unix hides them.
  bool dot_files = false;
  std::vector<wire::fscc::NamePattern> patterns;

  bool empty() const { return !dot_files && patterns.empty(); }
  /// A name as clients see it, without its directory.
  bool match(std::string_view name) const {
    if (name.empty() || name == "." || name == "..") return false;
    return (dot_files && name.front() == '.') ||
           std::ranges::any_of(patterns, [&](const auto& p) { return p.matches(name); });
  }
};

}  // namespace holdfast::core
