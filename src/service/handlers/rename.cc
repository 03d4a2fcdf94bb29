// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/rename.h"

#include "base/utf16.h"
#include "core/path/path.h"
#include "core/path/tunnel_cache.h"
#include "service/failover/failover.h"
#include "service/handlers/apple.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/security.h"
#include "wire/fscc/file_information.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace fscc = wire::fscc;
namespace Access = smb2::FileAccess;
namespace Filter = smb2::CompletionFilter;
using fscc::FileInfoClass;

Result<fscc::RenameInformation> read_request(FileInfoClass info_class, Bytes buffer) {
  fscc::RenameInformation given;
  bool ex = info_class == FileInfoClass::kRenameEx || info_class == FileInfoClass::kLinkEx;
  Result<void> ok = ex ? fscc::decode_ex(buffer, given) : fscc::decode(buffer, given);
  if (!ok) return fail(ok.error());
  // Names are relative to the share (MS-SMB2 3.3.5.21.1).
  if (given.root_directory != 0 || given.file_name.empty())
    return fail(NtStatus::kInvalidParameter);
  return given;
}

/// May the user put a name into that directory?
Task<NtStatus> check_target_directory(Request& r, const core::OpenView& open,
                                      std::string_view path) {
  Result<ports::Opened> parent = co_await r.tree->share->volume(open.posix)
                                     .open(r.io(), core::parent_path(path), ports::OpenHow{});
  if (!parent)
    co_return parent.error() == NtStatus::kObjectNameNotFound ? NtStatus::kObjectPathNotFound
                                                              : parent.error();
  if (!parent->info.is_directory) co_return NtStatus::kObjectPathNotFound;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *parent->file, parent->info, parent->path);
  if (!maximal) co_return maximal.error();
  std::uint32_t needed = open.is_directory ? Access::kAddSubdirectory : Access::kAddFile;
  if ((*maximal & needed) == 0) co_return NtStatus::kAccessDenied;
  if (open.posix) co_return NtStatus::kSuccess;
  // Who has the directory open to delete or rename it does not share that (MS-FSA 2.1.5.15.11; so
  // does Windows: smbtorture's oplock.batch20, dirlease.rename_dst_parent).
  core::ObjectId target{parent->info.key, ""};
  if (r.server.opens().is_open_to_delete(target))
    if (NtStatus s = co_await break_caching(r, target, core::BreakReason::kNameChanges);
        s != NtStatus::kSuccess)
      co_return s;
  // The directory is opened to add a name, sharing reading and writing (MS-FSA 2.1.5.15.11), so
  // opens of it that may delete it, or that allow nobody else to write, are in the way.
  co_return r.server.opens().check_open(target, {}, needed,
                                        smb2::ShareAccess::kRead | smb2::ShareAccess::kWrite);
}

/// What stands at the target already: nothing, the object itself (only the case changes), or
/// something that may or may not be replaced.
Task<NtStatus> check_target(Request& r, const core::OpenView& open, std::string_view path,
                            bool replace) {
  ports::OpenHow how;
  how.open_reparse_point = true;
  Result<ports::Opened> target = co_await r.tree->share->volume(open.posix).open(r.io(), path, how);
  if (!target) {
    co_return target.error() == NtStatus::kObjectNameNotFound ? NtStatus::kSuccess : target.error();
  }
  if (target->info.key == open.file->key()) co_return NtStatus::kSuccess;
  if (!replace) co_return NtStatus::kObjectNameCollision;
  if (target->info.is_directory) co_return NtStatus::kAccessDenied;
  if ((target->info.attributes & smb2::FileAttributes::kReadonly) != 0)
    co_return NtStatus::kAccessDenied;
  core::ObjectId replaced{target->info.key, ""};
  if (r.server.opens().is_open(replaced)) {
    // Perhaps only a client keeps it open, and closes it when it is asked.
    if (NtStatus s = co_await break_caching(r, replaced, core::BreakReason::kNameChanges);
        s != NtStatus::kSuccess)
      co_return s;
    if (!open.posix && r.server.opens().is_open(replaced)) co_return NtStatus::kAccessDenied;
  }
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *target->file, target->info, target->path);
  if (!maximal) co_return maximal.error();
  co_return (*maximal & Access::kDelete) != 0 ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

Task<NtStatus> rename_stream(Request& r, const core::OpenView& open, const core::ParsedPath& target,
                             bool replace) {
  if (!target.path.empty()) {
    // A whole path is a name in a directory first, and a stream cannot have that.
    NtStatus s = co_await check_target_directory(r, open, target.path);
    co_return s == NtStatus::kSuccess ? NtStatus::kInvalidParameter : s;
  }
  Result<std::string> path = co_await open.file->path(r.io());
  if (!path) co_return path.error();
  bool itself = same_name(target.stream, open.file->stream());
  if (replace && !itself) {
    // Only an empty stream is replaced, the unnamed one too (MS-FSA 2.1.5.15.11).
    ports::OpenHow how;
    how.stream = target.stream;
    Result<ports::Opened> old = co_await r.tree->share->vfs->open(r.io(), *path, how);
    if (old && old->info.end_of_file != 0) co_return NtStatus::kInvalidParameter;
  }
  if (!target.stream.empty())
    if (NtStatus s = r.server.opens().rename_stream(open.id, fold_name(target.stream));
        s != NtStatus::kSuccess)
      co_return s;
  std::string old_stream = open.file->stream();
  Result<void> done =
      co_await r.tree->share->vfs->rename_stream(r.io(), *open.file, target.stream, replace);
  if (!done && !target.stream.empty())
    (void)r.server.opens().rename_stream(open.id, fold_name(old_stream));
  co_return done ? NtStatus::kSuccess : done.error();
}

/// What is open below a directory keeps it where it is (MS-FSA 2.1.5.15.11), unless a client only
/// keeps it open for later: then it closes it when it is asked, one after the other. A Mac renames
/// such a directory all the same, as it does on its own disk.
Task<NtStatus> free_below(Request& r, const core::OpenView& open, const std::string& path) {
  core::OpenTable& opens = r.server.opens();
  if (speaks_apple(r)) co_return NtStatus::kSuccess;
  for (const core::ObjectId& object : opens.opens_below(*open.share, path)) {
    if (NtStatus s = co_await break_caching(r, object, core::BreakReason::kNameChanges);
        s != NtStatus::kSuccess)
      co_return s;
    if (opens.is_open(object)) co_return NtStatus::kAccessDenied;
  }
  co_return opens.any_open_below(*open.share, path) ? NtStatus::kAccessDenied : NtStatus::kSuccess;
}

Task<NtStatus> rename(Request& r, const core::OpenView& open, const std::string& target,
                      bool replace) {
  Result<std::string> old_path = co_await open.file->path(r.io());
  if (!old_path) co_return old_path.error();
  if (old_path->empty()) co_return NtStatus::kAccessDenied;  // the share's root
  // Open objects below a directory keep it where it is (MS-FSA 2.1.5.15.11).
  if (open.is_directory)
    if (NtStatus s = co_await free_below(r, open, *old_path); s != NtStatus::kSuccess) co_return s;
  // A server that dies meanwhile leaves the object under the one name or the other.
  bool kept = r.server.opens().begin_rename(open.id, *old_path, target);
  if (kept)
    if (NtStatus s = co_await settle(r); s != NtStatus::kSuccess) co_return s;
  Result<std::string> new_path =
      co_await r.tree->share->volume(open.posix).rename(r.io(), *open.file, target, replace);
  if (!new_path) {
    (void)r.server.opens().begin_rename(open.id, *old_path, "");
    co_return new_path.error();
  }
  // Before the records forget the old name: power may be lost, and the name's change with it.
  NtStatus durable = NtStatus::kSuccess;
  if (kept && r.tree->share->stable_writes)
    if (Result<void> synced = co_await open.file->flush(r.io()); !synced) durable = synced.error();
  if (open.share->failover != nullptr) r.server.failover().renamed(open.file->key());
  r.server.opens().renamed(open.id, *new_path);
  if (open.is_directory) r.server.opens().moved_below(*open.share, *old_path, *new_path);
  if (!open.is_directory && !open.posix)
    r.server.tunnel_cache().removed(open.share->vfs.get(), *old_path,
                                    r.loop.clock().monotonic_us());
  std::uint32_t filter = open.is_directory ? Filter::kDirName : Filter::kFileName;
  bool same_directory = core::parent_path(*old_path) == core::parent_path(*new_path);
  if (open.is_directory)
    r.server.notifications().directory_moved(open.share->vfs.get(), *old_path, *new_path);
  using core::NotifyAction;
  NotifyAction leaves = same_directory ? NotifyAction::kRenamedOldName : NotifyAction::kRemoved;
  NotifyAction comes = same_directory ? NotifyAction::kRenamedNewName : NotifyAction::kAdded;
  // Who watches attributes but no names hears of a renamed file as modified, as Windows tells it
  // (smbtorture smb2.notify.mask-change and rec).
  const core::NotifyChange changes[] = {
      {*old_path, leaves, filter},
      {*new_path, comes, filter},
      {*new_path, NotifyAction::kModified, open.is_directory ? 0u : Filter::kAttributes,
       Filter::kFileName}};
  report_changes(r.server, *open.share, changes);
  break_directory_leases(r.server, r.loop, *open.share, *old_path, open.parent_lease);
  if (!same_directory)
    break_directory_leases(r.server, r.loop, *open.share, *new_path, open.parent_lease);
  co_return durable;
}

Task<NtStatus> link(Request& r, const core::OpenView& open, const std::string& target,
                    bool replace) {
  if (open.is_directory) co_return NtStatus::kFileIsADirectory;
  Result<void> done =
      co_await r.tree->share->volume(open.posix).link(r.io(), *open.file, target, replace);
  if (!done) co_return done.error();
  break_directory_leases(r.server, r.loop, *open.share, target, open.parent_lease);
  report_change(r.server, *open.share, target, core::NotifyAction::kAdded, Filter::kFileName);
  co_return NtStatus::kSuccess;
}

}  // namespace

Task<NtStatus> rename_or_link(Request& r, const core::OpenView& open, FileInfoClass info_class,
                              Bytes buffer) {
  Result<fscc::RenameInformation> given = read_request(info_class, buffer);
  if (!given) co_return given.error();
  bool is_link = info_class == FileInfoClass::kLink || info_class == FileInfoClass::kLinkEx;
  std::string name = utf16le_to_utf8(given->file_name);
  // Some clients begin at the root with a backslash.
  if (name.size() > 1 && name.front() == '\\') name.erase(0, 1);
  Result<core::ParsedPath> target =
      open.posix ? core::parse_posix_path(name) : core::parse_path(name);
  if (!target) co_return target.error();
  bool replace = given->replace_if_exists();
  if (!target->stream.empty() || !open.file->stream().empty()) {
    if (is_link || open.file->stream().empty()) co_return NtStatus::kInvalidParameter;
    co_return co_await rename_stream(r, open, *target, replace);
  }
  if (NtStatus s = co_await break_caching(r, open.id, core::BreakReason::kNameChanges);
      s != NtStatus::kSuccess)
    co_return s;
  if (r.server.opens().is_delete_pending(open.id)) co_return NtStatus::kAccessDenied;
  if (NtStatus s = co_await check_target_directory(r, open, target->path); s != NtStatus::kSuccess)
    co_return s;
  if (NtStatus s = co_await check_target(r, open, target->path, replace); s != NtStatus::kSuccess)
    co_return s;
  NtStatus status = is_link ? co_await link(r, open, target->path, replace)
                            : co_await rename(r, open, target->path, replace);
  // Its name was taken away meanwhile, as POSIX allows: what rename(2) says then.
  if (open.posix && status == NtStatus::kFileDeleted) status = NtStatus::kObjectNameNotFound;
  co_return status;
}

}  // namespace holdfast::service::handlers
