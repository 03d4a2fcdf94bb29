// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/set_info.h"

#include "core/access/security_information.h"
#include "service/handlers/handlers.h"
#include "service/handlers/quota.h"
#include "service/handlers/rename.h"
#include "service/handlers/set_security.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/times.h"
#include "wire/fscc/ea.h"
#include "wire/fscc/file_information.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace fscc = wire::fscc;
namespace Attributes = smb2::FileAttributes;
namespace Filter = smb2::CompletionFilter;
using fscc::FileInfoClass;

/// Takes note of what the client says of a time (MS-FSA 2.1.5.15.2): one that it sets itself or
/// freezes (-1) is not changed by later operations of this open, until it is thawed (-2).
void note_time(const core::OpenView& open, std::uint8_t bit, NtTime t) {
  if (t.ticks == fscc::BasicInformation::kTimeLeave) return;
  if (t.ticks == fscc::BasicInformation::kTimeThaw) {
    open.notes->kept_times.fetch_and(static_cast<std::uint8_t>(~bit), std::memory_order_relaxed);
  } else {
    open.notes->kept_times.fetch_or(bit, std::memory_order_relaxed);
  }
}

/// 0 leaves a time alone; -1 and -2 say who may change it later (MS-FSCC 2.4.7).
std::optional<NtTime> time_of(NtTime t) {
  if (t.ticks == fscc::BasicInformation::kTimeLeave ||
      t.ticks == fscc::BasicInformation::kTimeFreeze ||
      t.ticks == fscc::BasicInformation::kTimeThaw)
    return std::nullopt;
  return t;
}

Task<void> tell(Request& r, const core::OpenView& open, std::uint32_t filter) {
  co_await break_directory_leases(r, open);
  co_await report_open(r, open, core::NotifyAction::kModified, filter);
}

/// MS-FSA 2.1.5.15.2.
Task<NtStatus> set_basic(Request& r, const core::OpenView& open, Bytes buffer) {
  fscc::BasicInformation given;
  if (Result<void> ok = decode(buffer, given); !ok) co_return ok.error();
  for (NtTime t :
       {given.creation_time, given.last_access_time, given.last_write_time, given.change_time})
    if (t.ticks >> 63 != 0 && t.ticks < fscc::BasicInformation::kTimeThaw)
      co_return NtStatus::kInvalidParameter;
  std::uint32_t attributes = given.file_attributes;
  if (!open.is_directory && (attributes & Attributes::kDirectory) != 0)
    co_return NtStatus::kInvalidParameter;
  if (open.is_directory && (attributes & Attributes::kTemporary) != 0)
    co_return NtStatus::kInvalidParameter;
  ports::SetBasic change{time_of(given.creation_time),
                         time_of(given.last_access_time),
                         time_of(given.last_write_time),
                         time_of(given.change_time),
                         {}};
  if (attributes != 0) {
    // NORMAL alone takes all others away (MS-FSCC 2.6); 0 would mean "leave".
    change.attributes = attributes & ~(Attributes::kNormal | Attributes::kDirectory);
    if (*change.attributes == 0) change.attributes = Attributes::kNormal;
  }
  bool given_change_time = change.change_time.has_value();
  auto kept = co_await times_to_keep(r, open, core::OpenNotes::kChange);
  if (kept && !change.change_time) change.change_time = kept->change_time;
  note_time(open, core::OpenNotes::kAccess, given.last_access_time);
  note_time(open, core::OpenNotes::kWrite, given.last_write_time);
  note_time(open, core::OpenNotes::kChange, given.change_time);
  if (Result<void> done = co_await open.file->set_basic(r.io(), change); !done)
    co_return done.error();
  std::uint32_t filter = (change.attributes ? Filter::kAttributes : 0) |
                         (change.creation_time ? Filter::kCreation : 0) |
                         (change.last_access_time ? Filter::kLastAccess : 0) |
                         (change.last_write_time ? Filter::kLastWrite : 0);
  if (filter != 0) {
    co_await tell(r, open, filter);
  } else if (given_change_time) {
    // No filter stands for it, but it is in the directory's listing.
    co_await break_directory_leases(r, open);
  }
  co_return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.15.3: only what may go can be marked to go.
Task<NtStatus> set_disposition(Request& r, const core::OpenView& open, bool remove,
                               bool ignore_read_only) {
  if (!remove) {
    r.server.opens().set_delete_pending(open.id, false);
    co_return NtStatus::kSuccess;
  }
  if (NtStatus s = co_await break_caching(r, open.id, core::BreakReason::kNameChanges);
      s != NtStatus::kSuccess)
    co_return s;
  Result<ports::FileInfo> info = co_await open.file->info(r.io());
  if (!info) co_return info.error();
  if ((info->attributes & Attributes::kReadonly) != 0 && !ignore_read_only)
    co_return NtStatus::kCannotDelete;
  if (open.is_directory) {
    Result<std::string> path = co_await open.file->path(r.io());
    if (path && path->empty()) co_return NtStatus::kCannotDelete;  // the share's root
    if (Result<void> empty = co_await open.file->check_empty(r.io()); !empty)
      co_return empty.error();
  }
  // The removal itself comes with the last CLOSE, which cannot tell the client that it failed.
  if (Result<void> may = co_await open.file->check_removable(r.io()); !may) co_return may.error();
  r.server.opens().set_delete_pending(open.id, true);
  if (open.is_directory && !r.server.notifications().idle())
    if (Result<std::string> path = co_await open.file->path(r.io()))
      report_going(r.server, *open.share, *path);
  co_return NtStatus::kSuccess;
}

Task<NtStatus> set_disposition_class(Request& r, const core::OpenView& open,
                                     FileInfoClass info_class, Bytes buffer) {
  if (info_class == FileInfoClass::kDisposition) {
    fscc::DispositionInformation given;
    if (Result<void> ok = decode(buffer, given); !ok) co_return ok.error();
    co_return co_await set_disposition(r, open, given.delete_pending, false);
  }
  fscc::DispositionInformationEx given;
  if (Result<void> ok = decode(buffer, given); !ok) co_return ok.error();
  co_return co_await set_disposition(
      r, open, (given.flags & fscc::DispositionInformationEx::kDelete) != 0,
      (given.flags & fscc::DispositionInformationEx::kIgnoreReadOnlyAttribute) != 0);
}

/// MS-FSA 2.1.5.15.1, 2.1.5.15.4.
Task<NtStatus> set_size(Request& r, const core::OpenView& open, FileInfoClass info_class,
                        Bytes buffer) {
  fscc::EndOfFileInformation given;  // FileAllocationInformation has the same form
  if (Result<void> ok = decode(buffer, given); !ok) co_return ok.error();
  std::uint64_t size = given.end_of_file;
  if (size >> 63 != 0 || open.is_directory || passes_largest_file(*open.share, size))
    co_return NtStatus::kInvalidParameter;
  if (NtStatus s = co_await break_caching(r, open.id, core::BreakReason::kDataChanges);
      s != NtStatus::kSuccess)
    co_return s;
  Result<ports::FileInfo> before = co_await open.file->info(r.io());
  if (!before) co_return before.error();
  auto kept = co_await times_to_keep(r, open, core::OpenNotes::kWrite | core::OpenNotes::kChange);
  bool is_end = info_class == FileInfoClass::kEndOfFile;
  Result<void> done = is_end ? co_await open.file->set_end_of_file(r.io(), size)
                             : co_await open.file->set_allocation(r.io(), size);
  if (!done) co_return done.error();
  // Setting the end is a write even where it was; reserving space that the data do not need is none
  // (smbtorture smb2.timestamps.modern_write_time_update-2). File systems differ.
  if (!kept && is_end && size == before->end_of_file) kept.emplace();
  if (!kept && !is_end && size >= before->end_of_file) kept.emplace();
  if (kept && !kept->last_write_time)
    kept->last_write_time = is_end ? r.server.env().clock.now() : before->last_write_time;
  co_await put_back(r, open, kept);
  co_await tell(r, open, Filter::kSize);
  co_return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.15.5.
Task<NtStatus> set_ea(Request& r, const core::OpenView& open, Bytes buffer) {
  auto list = fscc::decode_ea_list(buffer);
  if (!list) co_return list.error().status;
  std::vector<ports::Ea> eas;
  for (auto& ea : *list) eas.push_back({std::move(ea.name), ea.flags, std::move(ea.value)});
  if (Result<void> done = co_await open.file->set_eas(r.io(), eas); !done) co_return done.error();
  co_await tell(r, open, Filter::kEa);
  co_return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.15.10.
NtStatus set_position(const core::OpenView& open, Bytes buffer) {
  fscc::PositionInformation given;
  if (Result<void> ok = decode(buffer, given); !ok) return ok.error();
  if (given.current_byte_offset >> 63 != 0) return NtStatus::kInvalidParameter;
  open.notes->position.store(given.current_byte_offset, std::memory_order_relaxed);
  return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.15.9: of an open's mode these four may change, and it cannot wait in both ways.
NtStatus set_mode(const core::OpenView& open, Bytes buffer) {
  namespace Options = smb2::CreateOptions;
  constexpr std::uint32_t kMayChange = Options::kWriteThrough | Options::kSequentialOnly |
                                       Options::kSynchronousIoAlert |
                                       Options::kSynchronousIoNonalert;
  constexpr std::uint32_t kBothWays =
      Options::kSynchronousIoAlert | Options::kSynchronousIoNonalert;
  fscc::ModeInformation given;
  if (Result<void> ok = decode(buffer, given); !ok) return ok.error();
  if ((given.mode & ~kMayChange) != 0 || (given.mode & kBothWays) == kBothWays)
    return NtStatus::kInvalidParameter;
  std::uint32_t old = open.notes->mode.load(std::memory_order_relaxed);
  open.notes->mode.store((old & ~kMayChange) | given.mode, std::memory_order_relaxed);
  return NtStatus::kSuccess;
}

Task<NtStatus> set_file_class(Request& r, const smb2::SetInfoRequest& q,
                              const core::OpenView& open) {
  auto info_class = static_cast<FileInfoClass>(q.file_info_class);
  switch (info_class) {
    case FileInfoClass::kBasic: co_return co_await set_basic(r, open, q.buffer);
    case FileInfoClass::kRename:
    case FileInfoClass::kRenameEx:
    case FileInfoClass::kLink:
    case FileInfoClass::kLinkEx: co_return co_await rename_or_link(r, open, info_class, q.buffer);
    case FileInfoClass::kDisposition:
    case FileInfoClass::kDispositionEx:
      co_return co_await set_disposition_class(r, open, info_class, q.buffer);
    case FileInfoClass::kAllocation:
    case FileInfoClass::kEndOfFile: co_return co_await set_size(r, open, info_class, q.buffer);
    case FileInfoClass::kFullEa: co_return co_await set_ea(r, open, q.buffer);
    case FileInfoClass::kPosition: co_return set_position(open, q.buffer);
    case FileInfoClass::kMode: co_return set_mode(open, q.buffer);
    case FileInfoClass::kPipe:
      co_return open.pipe != nullptr ? NtStatus::kSuccess : NtStatus::kInvalidParameter;
    default: co_return NtStatus::kNotSupported;
  }
}

/// A size or a name that was set through a persistent open is there after the loss of the machine;
/// times and attributes come with the next of these.
Task<NtStatus> make_stable(Request& r, const smb2::SetInfoRequest& q, const core::OpenView& open) {
  r.server.opens().notes_changed(open.id);
  switch (static_cast<FileInfoClass>(q.file_info_class)) {
    case FileInfoClass::kRename:
    case FileInfoClass::kRenameEx:
    case FileInfoClass::kLink:
    case FileInfoClass::kLinkEx:
    case FileInfoClass::kAllocation:
    case FileInfoClass::kEndOfFile: break;
    default: co_return NtStatus::kSuccess;
  }
  Result<void> synced = co_await open.file->flush(r.io());
  co_return synced ? NtStatus::kSuccess : synced.error();
}

}  // namespace

/// MS-SMB2 3.3.5.21.
Task<Reply> set_info(Request& r) {
  smb2::SetInfoRequest q;
  if (!decode(r.message, q)) co_return error_reply(NtStatus::kInvalidParameter);
  if (q.buffer.size() > r.connection.negotiated()->max_transact)
    co_return error_reply(NtStatus::kInvalidParameter);
  Result<core::OpenView> open = r.find_open(q.file_id);
  if (!open) co_return error_reply(open.error());
  NtStatus status = NtStatus::kNotSupported;
  if (q.info_type == smb2::InfoType::kSecurity) {
    status = co_await set_security(r, *open, q.additional_information, q.buffer);
  } else if (q.info_type == smb2::InfoType::kFile) {
    const fscc::InfoClassRow* row = fscc::file_info_row(q.file_info_class);
    if (NtStatus s = fscc::set_file_status(q.file_info_class); s != NtStatus::kSuccess)
      co_return error_reply(s);
    if (q.buffer.size() < row->set_minimum) co_return error_reply(NtStatus::kInfoLengthMismatch);
    if ((open->access & row->set_access) != row->set_access)
      co_return error_reply(NtStatus::kAccessDenied);
    if (open->file == nullptr &&
        static_cast<FileInfoClass>(q.file_info_class) != FileInfoClass::kPipe)
      co_return error_reply(NtStatus::kInvalidParameter);
    status = open->file != nullptr && open->file->is_previous_version()
                 ? NtStatus::kMediaWriteProtected
                 : co_await set_file_class(r, q, *open);
    if (status == NtStatus::kSuccess && open->stable) status = co_await make_stable(r, q, *open);
  } else if (q.info_type == smb2::InfoType::kFilesystem) {
    if (NtStatus s = fscc::set_fs_status(q.file_info_class); s != NtStatus::kSuccess) status = s;
  } else if (q.info_type == smb2::InfoType::kQuota) {
    status = co_await set_quota(r, *open, q.buffer);
  } else {
    status = NtStatus::kInvalidParameter;
  }
  co_return status == NtStatus::kSuccess ? body_reply(smb2::SetInfoResponse{})
                                         : error_reply(status);
}

}  // namespace holdfast::service::handlers
