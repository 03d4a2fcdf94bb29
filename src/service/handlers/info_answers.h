// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/writer.h"
#include "service/server/request.h"
#include "wire/smb2/query_info.h"

namespace holdfast::service::handlers {

/// A QUERY_INFO whose class, length and access are checked; the answer goes to `out`.
struct InfoQuery {
  Request& request;
  const wire::smb2::QueryInfoRequest& query;
  const core::OpenView& open;
  Writer& out;
};

/// Writes the answer of a file information class (MS-FSA 2.1.5.12). kBufferOverflow: as much as
/// there was room for.
Task<NtStatus> answer_file_info(InfoQuery& q);
/// Writes the answer of a file system information class (MS-FSA 2.1.5.13).
Task<NtStatus> answer_fs_info(InfoQuery& q);

}  // namespace holdfast::service::handlers
