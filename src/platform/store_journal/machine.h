// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/guid.h"

namespace holdfast::platform {

/// Of this boot of this machine (the kernel's boot_id); zero when it cannot be read, and then no
/// two are the same.
Guid boot_id();
/// As gethostname() has it.
std::string host_name();

}  // namespace holdfast::platform
