// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ports/vfs.h"

namespace holdfast::service {

/// The file system of a snapshot as clients see it: everything opens, nothing can be changed
/// (STATUS_MEDIA_WRITE_PROTECTED), whatever the file system itself would allow.
std::shared_ptr<ports::Vfs> previous_version(std::shared_ptr<ports::Vfs> vfs);

}  // namespace holdfast::service
