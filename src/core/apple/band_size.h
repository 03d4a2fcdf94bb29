// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::core::apple {

/// Time Machine backs up into an image "NAME.sparsebundle" or "NAME.backupbundle": a directory with
/// a file Info.plist and, in its directory "bands", files of at most band-size octets.
bool is_image_name(std::string_view name);

inline constexpr std::size_t kMaxInfoPlist = 64u << 10;

/// The number behind the key band-size in a property list (XML); nullopt: there is none.
std::optional<std::uint64_t> band_size(std::string_view info_plist);

}  // namespace holdfast::core::apple
