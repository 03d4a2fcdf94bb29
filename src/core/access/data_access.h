// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/vfs.h"
#include "wire/dtyp/access_mask.h"

namespace holdfast::core {

/// What a handle with these rights (no generic ones) must be able to do with the data: a program is
/// run by reading it, and appending writes (MS-SMB2 2.2.13.1.1).
ports::DataAccess data_access(wire::dtyp::AccessMask access);

}  // namespace holdfast::core
