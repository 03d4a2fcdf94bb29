// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ports/quota.h"

namespace holdfast::platform {

/// The kernel's user quotas of the file system that this directory is on (quotactl_fd, Linux 5.14;
/// needs CAP_SYS_ADMIN for others' quotas and to set). Null when the directory cannot be opened.
std::shared_ptr<ports::QuotaProvider> make_kernel_quotas(const std::string& directory);

}  // namespace holdfast::platform
