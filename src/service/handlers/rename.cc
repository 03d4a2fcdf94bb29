// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/rename.h"

#include "base/utf16.h"
#include "core/path/path.h"
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
Task<NtStatus> check_target_directory(Request& r, std::string_view path, bool directory) {
  Result<ports::Opened> parent =
      co_await r.tree->share->vfs->open(r.io(), core::parent_path(path), ports::OpenHow{});
  if (!parent)
    co_return parent.error() == NtStatus::kObjectNameNotFound ? NtStatus::kObjectPathNotFound
                                                              : parent.error();
  if (!parent->info.is_directory) co_return NtStatus::kObjectPathNotFound;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *parent->file, parent->info, parent->path);
  if (!maximal) co_return maximal.error();
  std::uint32_t needed = directory ? Access::kAddSubdirectory : Access::kAddFile;
  co_return (*maximal & needed) != 0 ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

/// What stands at the target already: nothing, the object itself (only the case changes), or
/// something that may or may not be replaced.
Task<NtStatus> check_target(Request& r, const core::OpenView& open, std::string_view path,
                            bool replace) {
  ports::OpenHow how;
  how.open_reparse_point = true;
  Result<ports::Opened> target = co_await r.tree->share->vfs->open(r.io(), path, how);
  if (!target) {
    co_return target.error() == NtStatus::kObjectNameNotFound ? NtStatus::kSuccess : target.error();
  }
  if (target->info.key == open.file->key()) co_return NtStatus::kSuccess;
  if (!replace) co_return NtStatus::kObjectNameCollision;
  if (target->info.is_directory) co_return NtStatus::kAccessDenied;
  if ((target->info.attributes & smb2::FileAttributes::kReadonly) != 0)
    co_return NtStatus::kAccessDenied;
  if (r.server.opens().is_open({target->info.key, ""})) co_return NtStatus::kAccessDenied;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *target->file, target->info, target->path);
  if (!maximal) co_return maximal.error();
  co_return (*maximal & Access::kDelete) != 0 ? NtStatus::kSuccess : NtStatus::kAccessDenied;
}

Task<NtStatus> rename_stream(Request& r, const core::OpenView& open, const core::ParsedPath& target,
                             bool replace) {
  if (!target.path.empty()) co_return NtStatus::kInvalidParameter;
  Result<void> done =
      co_await r.tree->share->vfs->rename_stream(r.io(), *open.file, target.stream, replace);
  co_return done ? NtStatus::kSuccess : done.error();
}

Task<NtStatus> rename(Request& r, const core::OpenView& open, const std::string& target,
                      bool replace) {
  Result<std::string> old_path = co_await open.file->path(r.io());
  if (!old_path) co_return old_path.error();
  if (old_path->empty()) co_return NtStatus::kAccessDenied;  // the share's root
  // Open objects below a directory keep it where it is (MS-FSA 2.1.5.15.11).
  if (open.is_directory && r.server.opens().any_open_below(*open.share, *old_path))
    co_return NtStatus::kAccessDenied;
  Result<std::string> new_path =
      co_await r.tree->share->vfs->rename(r.io(), *open.file, target, replace);
  if (!new_path) co_return new_path.error();
  r.server.opens().renamed(open.id, *new_path);
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
  co_return NtStatus::kSuccess;
}

Task<NtStatus> link(Request& r, const core::OpenView& open, const std::string& target,
                    bool replace) {
  if (open.is_directory) co_return NtStatus::kFileIsADirectory;
  Result<void> done = co_await r.tree->share->vfs->link(r.io(), *open.file, target, replace);
  if (!done) co_return done.error();
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
  Result<core::ParsedPath> target = core::parse_path(name);
  if (!target) co_return target.error();
  bool replace = given->replace_if_exists();
  if (!target->stream.empty() || !open.file->stream().empty()) {
    if (is_link || open.file->stream().empty()) co_return NtStatus::kInvalidParameter;
    co_return co_await rename_stream(r, open, *target, replace);
  }
  if (r.server.opens().is_delete_pending(open.id)) co_return NtStatus::kAccessDenied;
  if (NtStatus s = co_await check_target_directory(r, target->path, open.is_directory);
      s != NtStatus::kSuccess)
    co_return s;
  if (NtStatus s = co_await check_target(r, open, target->path, replace); s != NtStatus::kSuccess)
    co_return s;
  co_return is_link ? co_await link(r, open, target->path, replace)
                    : co_await rename(r, open, target->path, replace);
}

}  // namespace holdfast::service::handlers
