// SPDX-License-Identifier: Apache-2.0
#include "service/ioctl/ioctl.h"
#include "wire/fscc/fsctl.h"
#include "wire/smb2/fsctl.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {
namespace {

namespace smb2 = wire::smb2;
namespace Access = smb2::FileAccess;

// The limits that Windows has and tells (MS-SMB2 3.3.3 note).
constexpr std::uint32_t kMaxChunks = 256;
constexpr std::uint32_t kMaxChunkSize = 1u << 20;
constexpr std::uint32_t kMaxTotal = 16u << 20;

template <class T>
ByteVec octets_of(const T& message) {
  Buffer octets;
  Writer writer(octets);
  encode(message, writer);
  return to_vec(octets);
}

/// MS-SMB2 3.3.5.15.6.2: told when a request exceeds the limits.
Answer limits_answer() {
  return {NtStatus::kInvalidParameter,
          octets_of(smb2::SrvCopychunkResponse{kMaxChunks, kMaxChunkSize, kMaxTotal}),
          {}};
}

bool within_limits(const smb2::SrvCopychunkCopy& request) {
  if (request.chunks.size() > kMaxChunks) return false;
  std::uint64_t total = 0;
  for (const smb2::SrvCopychunk& chunk : request.chunks) {
    if (chunk.length == 0 || chunk.length > kMaxChunkSize) return false;
    total += chunk.length;
  }
  return total <= kMaxTotal;
}

/// The open that a resume key names: ours hold the FileId and 8 zeros.
std::optional<core::OpenView> source_of(Call& c, const smb2::ResumeKey& key) {
  smb2::FileId id{load_u64(key.data()), load_u64(key.data() + 8)};
  if (load_u64(key.data() + 16) != 0) return std::nullopt;
  return c.request.server.opens().find(id, c.request.session->id);
}

NtStatus check(Call& c, const core::OpenView& source) {
  const core::OpenView& target = *c.open;
  if (source.file == nullptr || target.file == nullptr || source.is_directory ||
      target.is_directory)
    return NtStatus::kInvalidDeviceRequest;
  if (!source.may(Access::kReadData)) return NtStatus::kAccessDenied;
  if (!target.may(Access::kWriteData | Access::kAppendData)) return NtStatus::kAccessDenied;
  bool reads_target = c.query.ctl_code == smb2::Fsctl::kSrvCopychunk;
  return reads_target && !target.may(Access::kReadData) ? NtStatus::kAccessDenied
                                                        : NtStatus::kSuccess;
}

Task<NtStatus> copy_one(Call& c, const core::OpenView& source, const smb2::SrvCopychunk& chunk,
                        std::uint64_t source_size) {
  core::OpenTable& opens = c.request.server.opens();
  if (chunk.source_offset + chunk.length > source_size ||
      chunk.source_offset + chunk.length < chunk.source_offset)
    co_return NtStatus::kInvalidViewSize;
  if (NtStatus s = opens.check_locks(source.id, chunk.source_offset, chunk.length, false);
      s != NtStatus::kSuccess)
    co_return s;
  if (NtStatus s = opens.check_locks(c.open->id, chunk.target_offset, chunk.length, true);
      s != NtStatus::kSuccess)
    co_return s;
  Result<std::uint64_t> copied = co_await c.open->file->copy_from(
      c.request.io(), *source.file, chunk.source_offset, chunk.target_offset, chunk.length);
  if (!copied) co_return copied.error();
  co_return *copied == chunk.length ? NtStatus::kSuccess : NtStatus::kInvalidViewSize;
}

}  // namespace

/// MS-SMB2 3.3.5.15.5.
Task<Answer> request_resume_key(Call c) {
  if (c.open->file == nullptr) co_return failed(NtStatus::kInvalidDeviceRequest);
  if (c.query.max_output_response < 32) co_return failed(NtStatus::kInvalidParameter);
  smb2::SrvRequestResumeKeyResponse response;
  store_u64(response.resume_key.data(), c.open->persistent_id);
  store_u64(response.resume_key.data() + 8, c.open->id);
  co_return Answer{NtStatus::kSuccess, octets_of(response), {}};
}

/// MS-SMB2 3.3.5.15.6.
Task<Answer> copychunk(Call c) {
  smb2::SrvCopychunkCopy request;
  if (!decode(c.query.input, request) || c.query.max_output_response < 12)
    co_return failed(NtStatus::kInvalidParameter);
  std::optional<core::OpenView> source = source_of(c, request.source_key);
  if (!source) co_return failed(NtStatus::kObjectNameNotFound);
  if (NtStatus s = check(c, *source); s != NtStatus::kSuccess) co_return failed(s);
  if (!within_limits(request)) co_return limits_answer();
  Result<ports::FileInfo> info = co_await source->file->info(c.request.io());
  if (!info) co_return failed(info.error());
  smb2::SrvCopychunkResponse response;
  for (const smb2::SrvCopychunk& chunk : request.chunks) {
    NtStatus s = co_await copy_one(c, *source, chunk, info->end_of_file);
    if (s != NtStatus::kSuccess) co_return Answer{s, octets_of(response), {}};
    ++response.chunks_written;
    response.total_bytes_written += chunk.length;
  }
  co_return Answer{NtStatus::kSuccess, octets_of(response), {}};
}

/// MS-SMB2 3.3.5.15.14, MS-FSA 2.1.5.10.4.
Task<Answer> duplicate_extents(Call c) {
  wire::fscc::DuplicateExtentsData given;
  if (Result<void> ok = wire::fscc::decode_fsctl(c.query.input, given); !ok)
    co_return failed(ok.error());
  smb2::FileId id{given.source_file_id_persistent, given.source_file_id_volatile};
  std::optional<core::OpenView> source = c.request.server.opens().find(id, c.request.session->id);
  if (!source || source->file == nullptr || c.open->file == nullptr)
    co_return failed(NtStatus::kInvalidHandle);
  if (!c.open->may(Access::kWriteData) || !source->may(Access::kReadData))
    co_return failed(NtStatus::kAccessDenied);
  Result<void> done =
      co_await c.open->file->clone_from(c.request.io(), *source->file, given.source_file_offset,
                                        given.target_file_offset, given.byte_count);
  co_return done ? Answer{} : failed(done.error());
}

}  // namespace holdfast::service::fsctl
