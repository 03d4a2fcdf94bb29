// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/share.h"

namespace holdfast::platform::posix {

/// Tries what the file system of this directory can do. Leaves nothing behind.
Features probe_features(int root);

}  // namespace holdfast::platform::posix
