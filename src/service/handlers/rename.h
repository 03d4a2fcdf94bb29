// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"
#include "wire/fscc/info_class.h"

namespace holdfast::service::handlers {

/// SET_INFO FileRenameInformation, FileLinkInformation and their Ex forms (MS-FSA 2.1.5.15.11,
/// 2.1.5.15.6).
Task<NtStatus> rename_or_link(Request& r, const core::OpenView& open,
                              wire::fscc::FileInfoClass info_class, Bytes buffer);

}  // namespace holdfast::service::handlers
