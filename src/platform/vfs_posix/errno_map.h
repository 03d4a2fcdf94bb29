// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

#include "base/result.h"

namespace holdfast::platform::posix {

/// What the client is told when a system call failed with this errno. ENOENT is
/// kObjectNameNotFound; whoever knows that it was the parent says kObjectPathNotFound.
NtStatus status_of_errno(int error);

/// `return fail_errno();` after a system call that set errno.
inline std::unexpected<NtStatus> fail_errno(int error = errno) {
  return std::unexpected(status_of_errno(error));
}

}  // namespace holdfast::platform::posix
