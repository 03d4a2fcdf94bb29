// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

namespace holdfast::service::handlers {

/// SET_INFO of a security descriptor's parts (MS-SMB2 3.3.5.21.3, MS-FSA 2.1.5.17).
Task<NtStatus> set_security(Request& r, const core::OpenView& open, std::uint32_t parts,
                            Bytes buffer);

}  // namespace holdfast::service::handlers
