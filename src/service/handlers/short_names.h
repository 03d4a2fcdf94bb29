// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

namespace holdfast::service::handlers {

/// The path with the long names of what is called by its 8.3 name in it; the path itself when
/// nothing is. Worth asking for a path that leads nowhere only: each such component costs a
/// listing.
Task<std::string> with_long_names(Request& r, std::string_view path);

/// The name of the directory's entry that has this 8.3 name; "" when there is none.
Task<std::string> name_of_short_name(Request& r, ports::File& directory, std::string_view name);

/// Has the path a component that could be an 8.3 name?
bool may_have_short_names(std::string_view path);

}  // namespace holdfast::service::handlers
