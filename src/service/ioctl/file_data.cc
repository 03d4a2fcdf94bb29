// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf16.h"
#include "core/path/snapshot_token.h"
#include "service/ioctl/data_change.h"
#include "service/server/local_opens.h"
#include "wire/fscc/fsctl.h"
#include "wire/fscc/reparse.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {
namespace {

namespace smb2 = wire::smb2;
namespace fscc = wire::fscc;
namespace Access = smb2::FileAccess;

// Ranges looked up at once; a client that gets kBufferOverflow asks for the rest.
constexpr std::size_t kMaxRanges = 4096;

NtStatus check(const Call& c, std::uint32_t access) {
  if (c.open->file == nullptr) return NtStatus::kInvalidDeviceRequest;
  return access == 0 || c.open->may(access) ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

template <class T>
Answer answer_of(const T& value) {
  Buffer octets;
  Writer writer(octets);
  append(value, writer);
  return {NtStatus::kSuccess, to_vec(octets), {}};
}

Answer answer_of(const Result<void>& done) { return done ? Answer{} : failed(done.error()); }

}  // namespace

/// MS-FSA 2.1.5.10.37.
Task<Answer> set_sparse(Call c) {
  if (NtStatus s = check(c, Access::kWriteData | Access::kWriteAttributes | Access::kAppendData);
      s != NtStatus::kSuccess)
    co_return failed(s);
  if (c.open->is_directory) co_return failed(NtStatus::kInvalidParameter);
  Result<bool> sparse = fscc::decode_set_sparse(c.query.input);
  if (!sparse) co_return failed(sparse.error());
  co_return answer_of(co_await c.open->file->set_sparse(c.request.io(), *sparse));
}

/// MS-FSA 2.1.5.10.39.
Task<Answer> set_zero_data(Call c) {
  if (NtStatus s = check(c, Access::kWriteData); s != NtStatus::kSuccess) co_return failed(s);
  fscc::ZeroDataInformation given;
  if (Result<void> ok = fscc::decode_fsctl(c.query.input, given); !ok) co_return failed(ok.error());
  if (c.open->is_directory || given.file_offset > given.beyond_final_zero ||
      given.beyond_final_zero >> 63 != 0)
    co_return failed(NtStatus::kInvalidParameter);
  std::uint64_t length = given.beyond_final_zero - given.file_offset;
  if (NtStatus s = co_await before_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  NtStatus locked =
      c.request.server.local_opens().check_locks(*c.open, given.file_offset, length, true);
  if (locked != NtStatus::kSuccess) co_return failed(locked);
  if (length == 0) co_return Answer{};
  Result<void> done =
      co_await c.open->file->zero_range(c.request.io(), {given.file_offset, length});
  if (!done) co_return failed(done.error());
  if (NtStatus s = co_await after_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  co_return Answer{};
}

/// MS-FSA 2.1.5.10.22.
Task<Answer> query_allocated_ranges(Call c) {
  if (NtStatus s = check(c, Access::kReadData); s != NtStatus::kSuccess) co_return failed(s);
  fscc::AllocatedRange asked;
  if (Result<void> ok = fscc::decode_fsctl(c.query.input, asked); !ok) co_return failed(ok.error());
  if (c.open->is_directory || asked.file_offset >> 63 != 0 || asked.length >> 63 != 0 ||
      (asked.file_offset + asked.length) >> 63 != 0)
    co_return failed(NtStatus::kInvalidParameter);
  if (asked.length == 0) co_return Answer{};
  Result<std::vector<ports::Range>> found = co_await c.open->file->allocated_ranges(
      c.request.io(), {asked.file_offset, asked.length}, kMaxRanges);
  if (!found) co_return failed(found.error());
  std::vector<fscc::AllocatedRange> list;
  bool more = false;
  for (const ports::Range& range : *found) {
    if (range.length == 0)
      more = true;
    else
      list.push_back({range.offset, range.length});
  }
  Buffer octets;
  Writer writer(octets);
  bool fits = append(list, c.query.max_output_response, writer);
  if (!fits && octets.empty()) co_return failed(NtStatus::kBufferTooSmall);
  co_return Answer{
      fits && !more ? NtStatus::kSuccess : NtStatus::kBufferOverflow, to_vec(octets), {}};
}

/// MS-FSA 2.1.5.10.23. All of a file is valid data: what was never written reads as zeros.
Task<Answer> query_file_regions(Call c) {
  if (NtStatus s = check(c, Access::kReadData); s != NtStatus::kSuccess) co_return failed(s);
  fscc::FileRegionInput asked;
  asked.length = ~0ull >> 1;
  if (!c.query.input.empty())
    if (Result<void> ok = fscc::decode_fsctl(c.query.input, asked); !ok)
      co_return failed(ok.error());
  if (c.open->is_directory || asked.file_offset >> 63 != 0 || asked.length >> 63 != 0)
    co_return failed(NtStatus::kInvalidParameter);
  if (c.query.max_output_response < 16) co_return failed(NtStatus::kBufferTooSmall);
  Result<ports::FileInfo> info = co_await c.open->file->info(c.request.io());
  if (!info) co_return failed(info.error());
  std::uint64_t end = std::min(asked.file_offset + asked.length, info->end_of_file);
  std::vector<fscc::FileRegionInfo> regions;
  if (asked.file_offset < end) {
    fscc::FileRegionInfo& region = regions.emplace_back();
    region.file_offset = asked.file_offset;
    region.length = end - asked.file_offset;
  }
  Buffer octets;
  Writer writer(octets);
  bool fits = append_file_regions(regions, c.query.max_output_response, writer);
  co_return Answer{fits ? NtStatus::kSuccess : NtStatus::kBufferOverflow, to_vec(octets), {}};
}

/// MS-FSA 2.1.5.10.6: a hint; the file system gives back what it can.
Task<Answer> file_level_trim(Call c) {
  if (NtStatus s = check(c, Access::kWriteData); s != NtStatus::kSuccess) co_return failed(s);
  if (c.open->is_directory) co_return failed(NtStatus::kInvalidParameter);
  fscc::FileLevelTrim given;
  if (Result<void> ok = decode(c.query.input, given); !ok) co_return failed(ok.error());
  if (NtStatus s = co_await before_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  fscc::FileLevelTrimOutput output;
  for (const fscc::AllocatedRange& range : given.ranges) {
    if (range.file_offset >> 63 != 0 || range.length >> 63 != 0 ||
        (range.file_offset + range.length) >> 63 != 0)
      co_return failed(NtStatus::kInvalidParameter);
    NtStatus locked =
        c.request.server.local_opens().check_locks(*c.open, range.file_offset, range.length, true);
    if (locked != NtStatus::kSuccess) co_return failed(locked);
    Result<void> done =
        co_await c.open->file->trim_range(c.request.io(), {range.file_offset, range.length});
    if (!done) co_return failed(done.error());
    ++output.num_ranges_processed;
  }
  if (output.num_ranges_processed != 0)
    if (NtStatus s = co_await after_data_change(c); s != NtStatus::kSuccess) co_return failed(s);
  co_return c.query.max_output_response >= 4 ? answer_of(output) : Answer{};
}

/// MS-FSA 2.1.5.10.13.
Task<Answer> get_reparse_point(Call c) {
  if (NtStatus s = check(c, 0); s != NtStatus::kSuccess) co_return failed(s);
  Result<ByteVec> data = co_await c.open->file->reparse_data(c.request.io());
  if (!data) co_return failed(data.error());
  bool fits = data->size() <= c.query.max_output_response;
  co_return Answer{fits ? NtStatus::kSuccess : NtStatus::kBufferOverflow, std::move(*data), {}};
}

/// MS-FSA 2.1.5.10.36.
Task<Answer> set_reparse_point(Call c) {
  if (NtStatus s = check(c, Access::kWriteData | Access::kWriteAttributes); s != NtStatus::kSuccess)
    co_return failed(s);
  if (Result<fscc::ReparseDataBuffer> ok = fscc::decode_reparse(c.query.input); !ok)
    co_return failed(ok.error());
  co_return answer_of(co_await c.open->file->set_reparse_data(c.request.io(), c.query.input));
}

/// MS-FSA 2.1.5.10.3.
Task<Answer> delete_reparse_point(Call c) {
  if (NtStatus s = check(c, Access::kWriteData | Access::kWriteAttributes); s != NtStatus::kSuccess)
    co_return failed(s);
  Result<fscc::ReparseDataBuffer> given = fscc::decode_reparse(c.query.input);
  if (!given) co_return failed(given.error());
  co_return answer_of(
      co_await c.open->file->delete_reparse_data(c.request.io(), load_u32(c.query.input.data())));
}

/// MS-FSA 2.1.5.10.8. LZNT1 is what NTFS has; it stands for whatever the file system does.
Task<Answer> get_compression(Call c) {
  if (NtStatus s = check(c, 0); s != NtStatus::kSuccess) co_return failed(s);
  if (c.query.max_output_response < 2) co_return failed(NtStatus::kBufferTooSmall);
  Result<ports::FileInfo> info = co_await c.open->file->info(c.request.io());
  if (!info) co_return failed(info.error());
  fscc::CompressionState state;
  if ((info->attributes & fscc::attributes::kCompressed) != 0)
    state.compression_state = fscc::kCompressionFormatLznt1;
  co_return answer_of(state);
}

/// MS-FSA 2.1.5.10.33.
Task<Answer> set_compression(Call c) {
  if (NtStatus s = check(c, Access::kWriteData); s != NtStatus::kSuccess) co_return failed(s);
  fscc::CompressionState given;
  if (Result<void> ok = fscc::decode_fsctl(c.query.input, given); !ok) co_return failed(ok.error());
  bool compressed = given.compression_state != fscc::kCompressionFormatNone;
  if (compressed && given.compression_state != fscc::kCompressionFormatDefault &&
      given.compression_state != fscc::kCompressionFormatLznt1)
    co_return failed(NtStatus::kInvalidParameter);
  Result<void> done = co_await c.open->file->set_compression(c.request.io(), compressed);
  // Where nothing is compressed, "not compressed" is what everything is.
  if (!done && done.error() == NtStatus::kNotSupported && !compressed) co_return Answer{};
  co_return answer_of(done);
}

/// MS-FSA 2.1.5.10.1. The id is made of device and inode: it is the same whoever asks, and as long
/// as the file exists, so every file has one and none can be set or taken away (those FSCTLs are
/// STATUS_INVALID_DEVICE_REQUEST, as MS-FSA 2.1.5.10.32 allows).
Task<Answer> create_or_get_object_id(Call c) {
  if (NtStatus s = check(c, 0); s != NtStatus::kSuccess) co_return failed(s);
  if (c.query.max_output_response < 64) co_return failed(NtStatus::kInvalidParameter);
  ports::FileKey key = c.open->file->key();
  ByteVec output(64, 0);
  store_u64(output.data(), key.inode);
  store_u64(output.data() + 8, key.device);
  // BirthVolumeId: the volume's; BirthObjectId: the id itself (MS-FSCC 2.1.3.1).
  store_u64(output.data() + 16, key.device);
  store_u64(output.data() + 32, key.inode);
  store_u64(output.data() + 40, key.device);
  co_return Answer{NtStatus::kSuccess, std::move(output), {}};
}

/// MS-SMB2 3.3.5.15.1: all names or, when they do not fit, only how large they are.
Task<Answer> enumerate_snapshots(Call c) {
  if (NtStatus s = check(c, 0); s != NtStatus::kSuccess) co_return failed(s);
  if (c.query.max_output_response < 16) co_return failed(NtStatus::kInvalidParameter);
  std::vector<NtTime> times;
  if (c.open->share->snapshots != nullptr) {
    Result<std::vector<NtTime>> found = co_await c.open->share->snapshots->list(c.request.io());
    if (!found) co_return failed(found.error());
    times = std::move(*found);
  }
  ByteVec names;
  for (NtTime time : times) {
    ByteVec name = to_utf16le(core::snapshot_token(time));
    names.insert(names.end(), name.begin(), name.end());
    names.insert(names.end(), 2, 0);
  }
  names.insert(names.end(), 2, 0);
  smb2::SrvSnapshotArray array;
  array.number_of_snapshots = static_cast<std::uint32_t>(times.size());
  array.snapshot_array_size = static_cast<std::uint32_t>(names.size());
  if (12 + names.size() <= c.query.max_output_response) {
    array.number_of_snapshots_returned = array.number_of_snapshots;
    array.snapshots = names;
  } else {
    // Clients ask with 16 octets first and take the size from the answer.
    names.assign(4, 0);
    array.snapshots = names;
  }
  Buffer octets;
  Writer writer(octets);
  encode(array, writer);
  co_return Answer{NtStatus::kSuccess, to_vec(octets), {}};
}

/// MS-FSA 2.1.5.10.10: for tools that want sizes of sectors and clusters.
Task<Answer> get_ntfs_volume_data(Call c) {
  if (NtStatus s = check(c, 0); s != NtStatus::kSuccess) co_return failed(s);
  Result<ports::VolumeInfo> volume = co_await c.open->share->vfs->volume_info(c.request.io());
  if (!volume) co_return failed(volume.error());
  fscc::NtfsVolumeData data;
  data.volume_serial_number = volume->serial_number;
  data.total_clusters = volume->total_units;
  data.free_clusters = volume->free_units;
  data.bytes_per_sector = volume->bytes_per_sector;
  data.bytes_per_cluster = volume->bytes_per_sector * volume->sectors_per_unit;
  data.number_sectors = volume->total_units * volume->sectors_per_unit;
  co_return answer_of(data);
}

}  // namespace holdfast::service::fsctl
