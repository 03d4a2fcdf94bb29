// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"
#include "wire/smb2/ioctl.h"

/// One function per FSCTL. The IOCTL handler has decoded the request and, where the table says so,
/// found the open.
namespace holdfast::service::fsctl {

struct Call {
  Request& request;
  const wire::smb2::IoctlRequest& query;
  /// Not for FSCTLs without a handle.
  const core::OpenView* open = nullptr;
};

/// What an FSCTL answers: a status, and output for kSuccess and kBufferOverflow (and the copychunk
/// limits for kInvalidParameter).
struct Answer {
  NtStatus status = NtStatus::kSuccess;
  ByteVec output{};
  std::string_view disconnect{};
};
inline Answer failed(NtStatus status) { return {status, {}, {}}; }

using Function = Task<Answer> (*)(Call);

Task<Answer> validate_negotiate_info(Call c);
Task<Answer> query_network_interface_info(Call c);
Task<Answer> pipe_transceive(Call c);
Task<Answer> pipe_peek(Call c);
Task<Answer> pipe_wait(Call c);
Task<Answer> request_resume_key(Call c);
Task<Answer> copychunk(Call c);
Task<Answer> set_sparse(Call c);
Task<Answer> set_zero_data(Call c);
Task<Answer> query_allocated_ranges(Call c);
Task<Answer> duplicate_extents(Call c);
Task<Answer> duplicate_extents_ex(Call c);
Task<Answer> query_file_regions(Call c);
Task<Answer> file_level_trim(Call c);
Task<Answer> get_reparse_point(Call c);
Task<Answer> set_reparse_point(Call c);
Task<Answer> delete_reparse_point(Call c);
Task<Answer> get_compression(Call c);
Task<Answer> set_compression(Call c);
Task<Answer> create_or_get_object_id(Call c);
Task<Answer> enumerate_snapshots(Call c);
Task<Answer> dfs_get_referrals(Call c);
Task<Answer> get_ntfs_volume_data(Call c);
Task<Answer> request_resiliency(Call c);

}  // namespace holdfast::service::fsctl
