// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/ioctl.h"

#include "service/handlers/handlers.h"
#include "service/ioctl/ioctl.h"
#include "wire/smb2/fsctl.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Fsctl = smb2::Fsctl;

constexpr std::uint64_t kNoFile = ~std::uint64_t{0};

struct Row {
  std::uint32_t code;
  fsctl::Function function;
  bool needs_open = true;
};

constexpr Row kTable[] = {
    {Fsctl::kValidateNegotiateInfo, fsctl::validate_negotiate_info, false},
    {Fsctl::kQueryNetworkInterfaceInfo, fsctl::query_network_interface_info, false},
    {Fsctl::kDfsGetReferrals, fsctl::dfs_get_referrals, false},
    {Fsctl::kDfsGetReferralsEx, fsctl::dfs_get_referrals, false},
    {Fsctl::kPipeWait, fsctl::pipe_wait, false},
    {Fsctl::kPipeTransceive, fsctl::pipe_transceive},
    {Fsctl::kPipePeek, fsctl::pipe_peek},
    {Fsctl::kSrvRequestResumeKey, fsctl::request_resume_key},
    {Fsctl::kSrvCopychunk, fsctl::copychunk},
    {Fsctl::kSrvCopychunkWrite, fsctl::copychunk},
    {Fsctl::kSrvEnumerateSnapshots, fsctl::enumerate_snapshots},
    {Fsctl::kSetSparse, fsctl::set_sparse},
    {Fsctl::kSetZeroData, fsctl::set_zero_data},
    {Fsctl::kQueryAllocatedRanges, fsctl::query_allocated_ranges},
    {Fsctl::kDuplicateExtentsToFile, fsctl::duplicate_extents},
    {Fsctl::kDuplicateExtentsToFileEx, fsctl::duplicate_extents_ex},
    {Fsctl::kQueryFileRegions, fsctl::query_file_regions},
    {Fsctl::kFileLevelTrim, fsctl::file_level_trim},
    {Fsctl::kGetReparsePoint, fsctl::get_reparse_point},
    {Fsctl::kSetReparsePoint, fsctl::set_reparse_point},
    {Fsctl::kDeleteReparsePoint, fsctl::delete_reparse_point},
    {Fsctl::kGetCompression, fsctl::get_compression},
    {Fsctl::kSetCompression, fsctl::set_compression},
    {Fsctl::kCreateOrGetObjectId, fsctl::create_or_get_object_id},
    {Fsctl::kGetObjectId, fsctl::create_or_get_object_id},
    {Fsctl::kLmrRequestResiliency, fsctl::request_resiliency},
    {Fsctl::kGetNtfsVolumeData, fsctl::get_ntfs_volume_data},
};

const Row* row_of(std::uint32_t code) {
  for (const Row& row : kTable)
    if (row.code == code) return &row;
  return nullptr;
}

}  // namespace

/// MS-SMB2 3.3.5.15.
Task<Reply> ioctl(Request& r) {
  smb2::IoctlRequest q;
  if (!decode(r.message, q)) co_return error_reply(NtStatus::kInvalidParameter);
  if ((q.flags & smb2::IoctlRequest::kFlagIsFsctl) == 0)
    co_return error_reply(NtStatus::kNotSupported);
  std::uint32_t max = r.connection.negotiated()->max_transact;
  if (q.max_input_response > max || q.max_output_response > max || q.input.size() > max)
    co_return error_reply(NtStatus::kInvalidParameter);
  const Row* row = row_of(q.ctl_code);
  // MS-SMB2 3.3.5.15, last paragraph: what is not known to the server or its object store.
  if (row == nullptr) co_return error_reply(NtStatus::kInvalidDeviceRequest);
  std::optional<core::OpenView> open;
  if (row->needs_open) {
    Result<core::OpenView> found = r.find_open(q.file_id);
    if (!found) co_return error_reply(found.error());
    open = std::move(*found);
  } else if (q.file_id.persistent != kNoFile || q.file_id.volatile_id != kNoFile) {
    co_return error_reply(NtStatus::kInvalidParameter);  // 3.3.5.15: it is of no file
  }
  fsctl::Answer answer = co_await row->function({r, q, open ? &*open : nullptr});
  if (!answer.disconnect.empty()) co_return disconnect_reply(answer.disconnect);
  if (is_error(answer.status) && answer.output.empty()) co_return error_reply(answer.status);
  if (answer.output.size() > q.max_output_response) {
    if (answer.status != NtStatus::kBufferOverflow)
      co_return error_reply(NtStatus::kBufferTooSmall);
    answer.output.resize(q.max_output_response);
  }
  smb2::IoctlResponse response;
  response.ctl_code = q.ctl_code;
  response.file_id = open ? open->file_id() : q.file_id;
  response.output = answer.output;
  co_return body_reply(response, answer.status);
}

}  // namespace holdfast::service::handlers
