// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/query_directory.h"

#include "base/utf16.h"
#include "core/object/directory_scan.h"
#include "core/path/short_name.h"
#include "service/handlers/apple.h"
#include "service/handlers/handlers.h"
#include "service/handlers/short_names.h"
#include "service/server/hidden.h"
#include "service/server/security.h"
#include "wire/fscc/directory_information.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using smb2::QueryDirectoryRequest;
using wire::fscc::DirectoryAppender, wire::fscc::FileInfoClass;

// Entries read at once: enough for one answer of 64 KiB, few enough not to hold a pool thread long.
constexpr std::size_t kBatch = 512;

wire::fscc::DirectoryEntry entry_of(const ports::DirEntry& e) {
  wire::fscc::DirectoryEntry out;
  const ports::FileInfo& info = e.info;
  out.creation_time = info.creation_time;
  out.last_access_time = info.last_access_time;
  out.last_write_time = info.last_write_time;
  out.change_time = info.change_time;
  out.end_of_file = info.end_of_file;
  out.allocation_size = info.allocation_size;
  out.file_attributes = info.attributes;
  out.ea_size = info.ea_size;
  out.reparse_tag = info.reparse_tag;
  out.file_id = info.key.inode;
  store_u64(out.file_id_128.data(), info.key.inode);
  out.file_name = e.name;
  out.short_name = core::short_name(e.name);
  out.device_id = static_cast<std::uint32_t>(info.key.device);
  out.hard_links = info.link_count;
  out.mode = info.mode & 07777;
  out.owner = sids::kUnixUsers.with(info.uid);
  out.group = sids::kUnixGroups.with(info.gid);
  return out;
}

/// With access-based enumeration an entry is listed only to who may read it (MS-SMB2 3.3.5.18).
Task<bool> may_see(Request& r, std::string_view directory, const ports::DirEntry& entry) {
  const core::Share& share = *r.tree->share;
  if (!share.access_based_enumeration || entry.name == "." || entry.name == "..") co_return true;
  std::string path(directory);
  if (!path.empty()) path += '/';
  path += entry.name;
  ports::OpenHow how;
  how.open_reparse_point = true;
  Result<ports::Opened> opened = co_await share.vfs->open(r.io(), path, how);
  if (!opened) co_return false;
  Result<wire::dtyp::SecurityDescriptor> sd =
      co_await descriptor_of(r.io(), share, *opened->file, opened->info);
  // All of GENERIC_READ, by the entry's own descriptor.
  constexpr std::uint32_t kNeeded =
      smb2::FileAccess::kGenericReadMapped & ~smb2::FileAccess::kSynchronize;
  co_return sd && (core::maximum_access(*sd, token_of(*r.identity)) & kNeeded) == kNeeded;
}

/// Two changes so close to each other may have the same time, ticks.
constexpr std::uint64_t kTimeResolution = 20 * 10'000;

Task<void> note_time(Request& r, ports::File& directory, core::DirectoryScan& scan) {
  scan.read_as_of = {};
  Result<ports::FileInfo> info = co_await directory.info(r.io());
  std::uint64_t now = r.server.env().clock.now().ticks;
  if (info && info->last_write_time.ticks + kTimeResolution < now)
    scan.read_as_of = info->last_write_time;
}

/// Entries that an earlier request has left over are told as they are now: what was removed since
/// is not there (smbtorture smb2.dir.fixed, smb2.dir.modify).
Task<void> refresh(Request& r, ports::File& directory, core::DirectoryScan& scan) {
  if (scan.pending.empty() || !scan.pattern().has_wildcards()) co_return;
  Result<ports::FileInfo> info = co_await directory.info(r.io());
  if (info && scan.read_as_of.ticks != 0 && info->last_write_time == scan.read_as_of) co_return;
  std::deque<ports::DirEntry> old = std::exchange(scan.pending, {});
  for (ports::DirEntry& e : old) {
    if (e.name == "." || e.name == "..") {
      scan.pending.push_back(std::move(e));
      continue;
    }
    Result<ports::DirEntry> now = co_await directory.find_entry(r.io(), e.name);
    if (now) scan.pending.push_back(std::move(*now));
    if (!now && now.error() != NtStatus::kObjectNameNotFound) scan.pending.push_back(std::move(e));
  }
  co_await note_time(r, directory, scan);
}

/// Reads entries until one matches or the directory ends.
Task<Result<void>> fill(Request& r, ports::File& directory, core::DirectoryScan& scan,
                        ports::DirDetail detail) {
  std::string path;
  if (r.tree->share->access_based_enumeration) {
    Result<std::string> now = co_await directory.path(r.io());
    if (!now) co_return fail(now.error());
    path = std::move(*now);
  }
  while (scan.pending.empty() && !scan.at_end) {
    if (!scan.pattern().has_wildcards()) {
      scan.at_end = true;
      Result<ports::DirEntry> one = co_await directory.find_entry(r.io(), scan.pattern_text());
      if (!one && one.error() == NtStatus::kObjectNameNotFound)
        if (std::string name = co_await name_of_short_name(r, directory, scan.pattern_text());
            !name.empty())
          one = co_await directory.find_entry(r.io(), name);
      if (one && co_await may_see(r, path, *one)) scan.pending.push_back(std::move(*one));
      if (!one && one.error() != NtStatus::kObjectNameNotFound &&
          one.error() != NtStatus::kObjectNameInvalid)
        co_return fail(one.error());
      continue;
    }
    std::vector<ports::DirEntry> batch;
    co_await note_time(r, directory, scan);
    Result<void> read =
        co_await directory.read_directory(r.io(), scan.must_rewind, detail, kBatch, batch);
    if (!read) co_return fail(read.error());
    scan.must_rewind = false;
    scan.at_end = batch.empty();
    for (ports::DirEntry& e : batch)
      if (scan.pattern().matches(e.name) && co_await may_see(r, path, e))
        scan.pending.push_back(std::move(e));
  }
  co_return Result<void>{};
}

/// Puts entries into the answer until it is full (MS-SMB2 3.3.5.18).
Task<NtStatus> collect(Request& r, const QueryDirectoryRequest& q, const core::OpenView& open,
                       core::DirectoryScan& scan, DirectoryAppender& out) {
  auto info_class = static_cast<FileInfoClass>(q.file_information_class);
  ports::DirDetail detail =
      info_class == FileInfoClass::kNames ? ports::DirDetail::kNames : ports::DirDetail::kInfo;
  const bool apple = speaks_apple(r);
  while (true) {
    if (Result<void> filled = co_await fill(r, *open.file, scan, detail); !filled)
      co_return out.count() != 0 ? NtStatus::kSuccess : filled.error();
    if (scan.pending.empty()) break;
    show_hidden(*open.share, scan.pending.front().name, scan.pending.front().info);
    wire::fscc::DirectoryEntry entry = entry_of(scan.pending.front());
    if (apple) co_await add_apple_attributes(r, *open.file, info_class, entry);
    if (!out.append(entry)) {
      if (out.count() != 0) break;
      if (!out.append_truncated(entry)) co_return NtStatus::kInfoLengthMismatch;
      scan.pending.pop_front();
      scan.any_told = true;
      co_return NtStatus::kBufferOverflow;
    }
    scan.pending.pop_front();
    if ((q.flags & QueryDirectoryRequest::kFlagReturnSingleEntry) != 0) break;
  }
  if (out.count() == 0) co_return scan.any_told ? NtStatus::kNoMoreFiles : NtStatus::kNoSuchFile;
  scan.any_told = true;
  co_return NtStatus::kSuccess;
}

NtStatus check(Request& r, const QueryDirectoryRequest& q, const core::OpenView& open) {
  if (!open.is_directory) return NtStatus::kInvalidParameter;
  if (!open.may(smb2::FileAccess::kListDirectory)) return NtStatus::kAccessDenied;
  if (!wire::fscc::is_directory_class(static_cast<FileInfoClass>(q.file_information_class)))
    return NtStatus::kInvalidInfoClass;
  if (q.file_information_class == static_cast<std::uint8_t>(FileInfoClass::kPosix) &&
      !r.connection.negotiated()->posix_extensions)
    return NtStatus::kInvalidInfoClass;
  if (q.output_buffer_length > r.connection.negotiated()->max_transact)
    return NtStatus::kInvalidParameter;
  if (q.output_buffer_length <
      wire::fscc::directory_entry_fixed_size(static_cast<FileInfoClass>(q.file_information_class)))
    return NtStatus::kInfoLengthMismatch;
  return NtStatus::kSuccess;
}

}  // namespace

/// MS-SMB2 3.3.5.18.
Task<Reply> query_directory(Request& r) {
  QueryDirectoryRequest q;
  if (!decode(r.message, q)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(q.file_id);
  if (!open) co_return error_reply(open.error());
  if (NtStatus s = check(r, q, *open); s != NtStatus::kSuccess) co_return error_reply(s);
  std::string pattern = utf16le_to_utf8(q.file_name);
  std::shared_ptr<core::DirectoryScan> scan =
      r.server.opens().scan(open->id, std::make_shared<core::DirectoryScan>());
  if (scan == nullptr) co_return error_reply(NtStatus::kFileClosed);
  co_await scan->lock.acquire(r.loop);
  ports::AsyncLockGuard guard(scan->lock);

  constexpr std::uint8_t kAnew =
      QueryDirectoryRequest::kFlagRestartScans | QueryDirectoryRequest::kFlagReopen;
  if (!scan->has_pattern()) {
    scan->restart(pattern);
  } else if ((q.flags & kAnew) != 0) {
    scan->restart(pattern.empty() ? scan->pattern_text() : pattern);
  }
  Buffer message =
      core::new_message(8 + std::min<std::uint32_t>(q.output_buffer_length, 64u << 10));
  message.append_zeros(smb2::QueryDirectoryResponse::kOutputOffset - smb2::kHeaderSize);
  co_await refresh(r, *open->file, *scan);
  DirectoryAppender appender(static_cast<FileInfoClass>(q.file_information_class), message,
                             q.output_buffer_length);
  NtStatus status = co_await collect(r, q, *open, *scan, appender);
  if (status != NtStatus::kSuccess && status != NtStatus::kBufferOverflow)
    co_return error_reply(status);
  co_return fixed_part_reply(smb2::QueryDirectoryResponse{},
                             smb2::QueryDirectoryResponse::kOutputOffset, std::move(message),
                             status);
}

}  // namespace holdfast::service::handlers
