// SPDX-License-Identifier: Apache-2.0
#include "service/ioctl/copy_file.h"
#include "service/ioctl/data_change.h"
#include "service/ioctl/ioctl.h"
#include "service/server/local_opens.h"
#include "wire/fscc/fs_information.h"
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
  // MS-SMB2 3.3.5.15.6: FILE_EXECUTE reads as well as FILE_READ_DATA does (2.2.13.1.1).
  if (!source.may(Access::kReadData | Access::kExecute)) return NtStatus::kAccessDenied;
  if (!target.may(Access::kWriteData | Access::kAppendData)) return NtStatus::kAccessDenied;
  bool reads_target = c.query.ctl_code == smb2::Fsctl::kSrvCopychunk;
  return reads_target && !target.may(Access::kReadData) ? NtStatus::kAccessDenied
                                                        : NtStatus::kSuccess;
}

Task<NtStatus> copy_one(Call& c, const core::OpenView& source, const smb2::SrvCopychunk& chunk,
                        std::uint64_t source_size) {
  LocalOpens& opens = c.request.server.local_opens();
  if (chunk.source_offset + chunk.length > source_size ||
      chunk.source_offset + chunk.length < chunk.source_offset)
    co_return NtStatus::kInvalidViewSize;
  if (NtStatus s = opens.check_locks(source, chunk.source_offset, chunk.length, false);
      s != NtStatus::kSuccess)
    co_return s;
  if (NtStatus s = opens.check_locks(*c.open, chunk.target_offset, chunk.length, true);
      s != NtStatus::kSuccess)
    co_return s;
  Result<std::uint64_t> copied = co_await c.open->file->copy_from(
      c.request.io(), *source.file, chunk.source_offset, chunk.target_offset, chunk.length);
  // Of another kind than the target: the kernel cannot copy it.
  if (!copied && copied.error() == NtStatus::kNotSameDevice)
    copied = co_await copy_by_reading(c.request.io(), *c.open->file, chunk.target_offset,
                                      *source.file, chunk.source_offset, chunk.length);
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
  if (NtStatus s = co_await before_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  Result<ports::FileInfo> info = co_await source->file->info(c.request.io());
  if (!info) co_return failed(info.error());
  smb2::SrvCopychunkResponse response;
  if (request.chunks.empty() && wants_whole_file(c)) {
    Result<std::uint64_t> copied = co_await copy_whole_file(c, *source, *info);
    if (!copied) co_return failed(copied.error());
    response.total_bytes_written = static_cast<std::uint32_t>(*copied);
    if (NtStatus s = co_await after_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
    co_return Answer{NtStatus::kSuccess, octets_of(response), {}};
  }
  NtStatus status = NtStatus::kSuccess;
  for (const smb2::SrvCopychunk& chunk : request.chunks) {
    status = co_await copy_one(c, *source, chunk, info->end_of_file);
    if (status != NtStatus::kSuccess) break;
    ++response.chunks_written;
    response.total_bytes_written += chunk.length;
  }
  if (response.chunks_written != 0)
    if (NtStatus s = co_await after_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  co_return Answer{status, octets_of(response), {}};
}

namespace {

namespace fscc = wire::fscc;

/// What MS-FSA 2.1.5.10.4 and MS-FSCC 2.3.8 refuse. A target that is too short is none of it:
/// Windows (Server 2016) succeeds and leaves its size as it is.
NtStatus check_extents(const fscc::DuplicateExtentsData& d, const ports::FileInfo& source,
                       const ports::FileInfo& target, std::uint64_t cluster) {
  if (d.byte_count >> 63 != 0 || (d.source_file_offset + d.byte_count) >> 63 != 0 ||
      (d.target_file_offset + d.byte_count) >> 63 != 0 || d.source_file_offset >> 63 != 0 ||
      d.target_file_offset >> 63 != 0)
    return NtStatus::kInvalidParameter;
  auto is_sparse = [](const ports::FileInfo& info) {
    return (info.attributes & smb2::FileAttributes::kSparseFile) != 0;
  };
  if (is_sparse(source) && !is_sparse(target)) return NtStatus::kNotSupported;
  if (source.key == target.key && d.source_file_offset < d.target_file_offset + d.byte_count &&
      d.target_file_offset < d.source_file_offset + d.byte_count)
    return NtStatus::kNotSupported;
  std::uint64_t clusters = (source.end_of_file + cluster - 1) / cluster;
  if (d.source_file_offset + d.byte_count > clusters * cluster) return NtStatus::kNotSupported;
  return NtStatus::kSuccess;
}

/// MS-SMB2 3.3.5.15.17, 3.3.5.15.18.
Task<Answer> duplicate(Call c, fscc::DuplicateExtentsData given) {
  smb2::FileId id{given.source_file_id_persistent, given.source_file_id_volatile};
  std::optional<core::OpenView> source = c.request.server.opens().find(id, c.request.session->id);
  if (!source || source->file == nullptr || c.open->file == nullptr)
    co_return failed(NtStatus::kInvalidHandle);
  if (source->is_directory || c.open->is_directory) co_return failed(NtStatus::kInvalidParameter);
  if (!c.open->may(Access::kWriteData) || !source->may(Access::kReadData))
    co_return failed(NtStatus::kAccessDenied);
  Result<ports::VolumeInfo> volume = co_await c.open->share->vfs->volume_info(c.request.io());
  if (!volume) co_return failed(volume.error());
  if ((volume->attributes & fscc::FsAttributeInformation::kSupportsBlockRefcounting) == 0)
    co_return failed(NtStatus::kInvalidDeviceRequest);
  Result<ports::FileInfo> from = co_await source->file->info(c.request.io());
  if (!from) co_return failed(from.error());
  Result<ports::FileInfo> to = co_await c.open->file->info(c.request.io());
  if (!to) co_return failed(to.error());
  std::uint64_t cluster = std::uint64_t{volume->bytes_per_sector} * volume->sectors_per_unit;
  if (NtStatus s = check_extents(given, *from, *to, cluster); s != NtStatus::kSuccess)
    co_return failed(s);
  if (given.byte_count == 0) co_return Answer{};
  if (NtStatus s = co_await before_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  Result<void> done =
      co_await c.open->file->clone_from(c.request.io(), *source->file, given.source_file_offset,
                                        given.target_file_offset, given.byte_count);
  if (!done) co_return failed(done.error());
  if (NtStatus s = co_await after_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  co_return Answer{};
}

}  // namespace

Task<Answer> duplicate_extents(Call c) {
  fscc::DuplicateExtentsData given;
  if (Result<void> ok = fscc::decode_fsctl(c.query.input, given); !ok) co_return failed(ok.error());
  co_return co_await duplicate(c, given);
}

/// DUPLICATE_EXTENTS_DATA_EX_SOURCE_ATOMIC asks for what is always so: the source is shared in one
/// call of the file system.
Task<Answer> duplicate_extents_ex(Call c) {
  fscc::DuplicateExtentsDataEx given;
  if (Result<void> ok = fscc::decode_fsctl(c.query.input, given); !ok) co_return failed(ok.error());
  if (given.structure_size != fscc::DuplicateExtentsDataEx{}.structure_size ||
      (given.flags & ~fscc::DuplicateExtentsDataEx::kSourceAtomic) != 0)
    co_return failed(NtStatus::kInvalidParameter);
  co_return co_await duplicate(c, given.data);
}

}  // namespace holdfast::service::fsctl
