// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/share.h"

namespace holdfast::platform::posix {

/// A new file (open for reading and writing) or directory (O_PATH) with everything that `how` says
/// of it. A file with a security descriptor is made without a name (O_TMPFILE) and gets it when it
/// is complete; a directory with one is closed to others until it is complete. kObjectNameCollision
/// when the name, exactly so, is there. On failure nothing is left.
Result<UniqueFd> make_object(Share& share, const Credentials& who, const Place& place,
                             const ports::CreateHow& how);

}  // namespace holdfast::platform::posix
