// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace holdfast::core {

/// The 8.3 name of a component (MS-FSCC 2.1.5.2.1): two of its characters, four hexadecimal digits
/// that follow from all of it, "~1" and three characters of the extension, as NTFS names what has
/// many likes. "" when the name is an 8.3 name itself. The same for the same name, whatever else is
/// in the directory: nothing has to be stored.
std::string short_name(std::string_view name);

/// Could short_name() have made this? Only such names are worth looking for.
bool looks_like_short_name(std::string_view component);

}  // namespace holdfast::core
