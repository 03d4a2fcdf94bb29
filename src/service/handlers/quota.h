// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"
#include "wire/smb2/query_info.h"

namespace holdfast::service::handlers {

/// Whether a name of a CREATE (UTF-16LE) is NTFS's index of quotas.
bool is_quota_file(Bytes name);
/// Opens it: for administrators, and where there are quotas.
Task<Reply> create_quota_file(Request& r);

/// QUERY_INFO of type SMB2_0_INFO_QUOTA (MS-SMB2 3.3.5.20.4): the FILE_QUOTA_INFORMATION list.
Task<NtStatus> query_quota(Request& r, const wire::smb2::QueryInfoRequest& q,
                           const core::OpenView& open, Writer& out);
/// SET_INFO of that type (3.3.5.21.4).
Task<NtStatus> set_quota(Request& r, const core::OpenView& open, Bytes buffer);

}  // namespace holdfast::service::handlers
