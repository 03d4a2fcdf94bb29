// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/query_info.h"

#include "core/access/security_information.h"
#include "core/apple/nfs_aces.h"
#include "service/handlers/apple.h"
#include "service/handlers/handlers.h"
#include "service/handlers/info_answers.h"
#include "service/handlers/quota.h"
#include "service/server/security.h"
#include "wire/fscc/ea.h"
#include "wire/fscc/file_information.h"
#include "wire/fscc/fs_information.h"
#include "wire/smb2/error_response.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using smb2::InfoType, smb2::QueryInfoRequest;

/// STATUS_BUFFER_TOO_SMALL with the size that would do (MS-SMB2 2.2.2.2; in 3.1.1 as a context).
Reply too_small(Request& r, std::uint32_t needed) {
  std::uint8_t octets[4];
  store_u32(octets, needed);
  smb2::ErrorResponse error;
  Buffer list;
  if (r.connection.negotiated()->dialect == smb2::Dialect::kSmb311) {
    smb2::ErrorContextList contexts;
    contexts.contexts.push_back({smb2::ErrorContext::kDefault, octets});
    Writer writer(list);
    encode(contexts, writer);
    error.error_context_count = 1;
    error.error_data = list;
  } else {
    error.error_data = octets;
  }
  return body_reply(error, NtStatus::kBufferTooSmall);
}

Reply data_reply(Buffer message, NtStatus status) {
  return fixed_part_reply(smb2::QueryInfoResponse{}, smb2::QueryInfoResponse::kOutputOffset,
                          std::move(message), status);
}

Buffer begin_message() {
  Buffer message = core::new_message(512);
  message.append_zeros(smb2::QueryInfoResponse::kOutputOffset - smb2::kHeaderSize);
  return message;
}

/// MS-SMB2 3.3.5.20.1, 3.3.5.20.2: file and file system classes share their rules.
Task<Reply> query_class(Request& r, const QueryInfoRequest& q, const core::OpenView& open,
                        bool of_file_system) {
  NtStatus allowed = of_file_system ? wire::fscc::query_fs_status(q.file_info_class)
                                    : wire::fscc::query_file_status(q.file_info_class);
  if (allowed != NtStatus::kSuccess) co_return error_reply(allowed);
  const wire::fscc::InfoClassRow* row = of_file_system
                                            ? wire::fscc::fs_info_row(q.file_info_class)
                                            : wire::fscc::file_info_row(q.file_info_class);
  if (q.output_buffer_length < row->query_minimum)
    co_return error_reply(NtStatus::kInfoLengthMismatch);
  if ((open.access & row->query_access) != row->query_access)
    co_return error_reply(NtStatus::kAccessDenied);
  Buffer message = begin_message();
  std::size_t begin = message.size();
  Writer writer(message);
  InfoQuery query{r, q, open, writer};
  NtStatus status =
      of_file_system ? co_await answer_fs_info(query) : co_await answer_file_info(query);
  if (status != NtStatus::kSuccess && status != NtStatus::kBufferOverflow)
    co_return error_reply(status);
  NtStatus fitted = wire::fscc::fit(message, begin, q.output_buffer_length);
  co_return data_reply(std::move(message), fitted == NtStatus::kSuccess ? status : fitted);
}

/// MS-SMB2 3.3.5.20.3.
Task<Reply> query_security(Request& r, const QueryInfoRequest& q, const core::OpenView& open) {
  if (open.file == nullptr) co_return error_reply(NtStatus::kNotSupported);
  std::uint32_t parts = q.additional_information;
  std::uint32_t needed = core::access_to_query_security(parts);
  if ((open.access & needed) != needed) co_return error_reply(NtStatus::kAccessDenied);
  Result<ports::FileInfo> info = co_await open.file->info(r.io());
  if (!info) co_return error_reply(info.error());
  Result<wire::dtyp::SecurityDescriptor> sd =
      co_await descriptor_of(r.io(), *open.share, *open.file, *info);
  if (!sd) co_return error_reply(sd.error());
  wire::dtyp::SecurityDescriptor told = core::select_parts(*sd, parts);
  if (speaks_apple(r, smb2::Aapl::kSupportsNfsAce))
    core::apple::add_nfs_aces(told, unix_mode(*info), info->uid, info->gid);
  ByteVec octets = wire::dtyp::encode(told);
  if (octets.size() > q.output_buffer_length)
    co_return too_small(r, static_cast<std::uint32_t>(octets.size()));
  Buffer message = begin_message();
  message.append(octets);
  co_return data_reply(std::move(message), NtStatus::kSuccess);
}

/// MS-SMB2 3.3.5.20.4.
Task<Reply> query_quotas(Request& r, const QueryInfoRequest& q, const core::OpenView& open) {
  Buffer message = begin_message();
  Writer writer(message);
  NtStatus status = co_await query_quota(r, q, open, writer);
  if (status != NtStatus::kSuccess) co_return error_reply(status);
  co_return data_reply(std::move(message), status);
}

}  // namespace

/// MS-SMB2 3.3.5.20.
Task<Reply> query_info(Request& r) {
  QueryInfoRequest q;
  if (!decode(r.message, q)) co_return error_reply(NtStatus::kInvalidParameter);
  if (q.output_buffer_length > r.connection.negotiated()->max_transact)
    co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(q.file_id);
  if (!open) co_return error_reply(open.error());
  switch (q.info_type) {
    case InfoType::kFile: co_return co_await query_class(r, q, *open, false);
    case InfoType::kFilesystem: co_return co_await query_class(r, q, *open, true);
    case InfoType::kSecurity: co_return co_await query_security(r, q, *open);
    case InfoType::kQuota: co_return co_await query_quotas(r, q, *open);
  }
  co_return error_reply(NtStatus::kInvalidParameter);
}

}  // namespace holdfast::service::handlers
