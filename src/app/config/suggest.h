// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::app {

/// Single-octet insertions, deletions, replacements and swaps of neighbours that lead from a to b,
/// without regard to ASCII case.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that was probably meant, or "" when none is near (a third of its length).
std::string nearest(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace holdfast::app
