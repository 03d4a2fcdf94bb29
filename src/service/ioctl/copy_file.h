// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/ioctl/ioctl.h"

namespace holdfast::service::fsctl {

/// Copies what the kernel cannot, through a buffer. Octets that were copied.
Task<Result<std::uint64_t>> copy_by_reading(ports::IoContext io, ports::File& target,
                                            std::uint64_t target_offset, ports::File& source,
                                            std::uint64_t source_offset, std::uint64_t length);

/// FSCTL_SRV_COPYCHUNK without chunks means the whole file to a Mac (kAAPL_SUPPORTS_OSX_COPYFILE):
/// data, named streams, EAs, times and attributes. To others it means nothing.
bool wants_whole_file(const Call& c);
Task<Result<std::uint64_t>> copy_whole_file(Call& c, const core::OpenView& source,
                                            const ports::FileInfo& info);

}  // namespace holdfast::service::fsctl
