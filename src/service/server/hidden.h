// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

namespace holdfast::service {

/// Adds the HIDDEN attribute where the share hides the name. path: the object's.
void show_hidden(const core::Share& share, std::string_view path, ports::FileInfo& info);
/// The same for an open; costs nothing where the share hides none.
Task<void> show_hidden(Request& r, const core::OpenView& open, ports::FileInfo& info);

}  // namespace holdfast::service
