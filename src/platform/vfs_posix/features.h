// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/share.h"

namespace holdfast::platform::posix {

/// Tries what the file system of this directory can do. Leaves nothing behind.
Features probe_features(int root);
/// Whether others change this file system without the kernel's knowledge (network, cluster, FUSE).
bool is_remote_file_system(int fd);

}  // namespace holdfast::platform::posix
