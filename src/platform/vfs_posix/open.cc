// SPDX-License-Identifier: Apache-2.0
// Opening, creating and overwriting of PosixVfs.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/local_guards.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/new_object.h"
#include "platform/vfs_posix/posix_vfs_impl.h"
#include "platform/vfs_posix/streams.h"
#include "platform/vfs_posix/where.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;

/// Larger files take a moment to be emptied.
constexpr std::uint64_t kInlineTruncate = 1u << 20;

bool wants_read(DataAccess a) { return a == DataAccess::kRead || a == DataAccess::kReadWrite; }
bool wants_write(DataAccess a) { return a == DataAccess::kWrite || a == DataAccess::kReadWrite; }

int open_flags(DataAccess access) {
  int mode = access == DataAccess::kRead    ? O_RDONLY
             : access == DataAccess::kWrite ? O_WRONLY
                                            : O_RDWR;
  return mode | O_NOCTTY;
}

/// For objects whose data is not opened.
Result<void> check_data_access(const Credentials& who, int fd, DataAccess access) {
  return check_access(who, fd, (wants_read(access) ? R_OK : 0) | (wants_write(access) ? W_OK : 0));
}

}  // namespace

Result<Opened> PosixVfs::opened(PosixFile::Init init) {
  std::string path = path_to_wire(init.path);
  Stat st = init.stat;
  auto file = std::make_shared<PosixFile>(share_, std::move(init));
  auto info = file->info_now(st);
  if (!info) return fail(info.error());
  return Opened{std::move(file), *info, std::move(path)};
}

Result<Opened> PosixVfs::open_stream(const Credentials& who, Found found, const Stat& st,
                                     const std::string& stream, DataAccess access) {
  if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode)) return fail(NtStatus::kObjectNameNotFound);
  auto xattr = find_stream(found.fd.get(), stream);
  if (!xattr) return fail(xattr.error());
  if (!*xattr) return fail(NtStatus::kObjectNameNotFound);
  if (auto may = check_data_access(who, found.fd.get(), access); !may) return fail(may.error());
  return opened({.fd = std::move(found.fd),
                 .access = access,
                 .stat = st,
                 .path = std::move(found.path),
                 .stream = stream_name_of(**xattr),
                 .stream_xattr = std::move(**xattr),
                 .use = nullptr});
}

Result<Opened> PosixVfs::open_now(const Credentials& who, std::string_view path, const OpenHow& how,
                                  Blocking blocking) {
  auto disk = path_to_disk(path);
  if (!disk) return fail(disk.error());
  auto found = share_->find(who, *disk, how.open_reparse_point, blocking, names_);
  if (!found) return fail(found.error());
  auto st = stat_fd(found->fd.get());
  if (!st) return fail(st.error());
  if (!how.stream.empty()) return open_stream(who, std::move(*found), *st, how.stream, how.access);
  PosixFile::Init init{.fd = std::move(found->fd),
                       .access = DataAccess::kNone,
                       .stat = *st,
                       .path = std::move(found->path),
                       .stream = {},
                       .stream_xattr = {},
                       .use = nullptr};
  if (S_ISREG(st->stx_mode) && how.access != DataAccess::kNone) {
    // Only now, when it is known to be a file: opening a device or pipe has effects of its own.
    if (LocalGuards* guards = share_->guards()) {
      auto data = guards->open(who, init.fd.get(), key_of(*st), how.access, blocking);
      if (!data) return fail(data.error());
      init.fd = std::move(data->fd);
      init.use = std::move(data->use);
      init.access = how.access;
      return finish_open(std::move(init), how);
    }
    int flags = open_flags(how.access) | (blocking == Blocking::kNo ? O_NONBLOCK : 0);
    auto data = reopen(who, init.fd.get(), flags);
    // Another program holds a lease on the file; it is told, and given time to let go.
    if (!data && data.error() == NtStatus::kRetryLater && blocking == Blocking::kNo)
      return fail(kWouldBlock);
    if (!data) return fail(data.error());
    init.fd = std::move(*data);
    init.access = how.access;
  } else if (S_ISDIR(st->stx_mode)) {
    if (auto may = check_data_access(who, init.fd.get(), how.access); !may)
      return fail(may.error());
  } else if (!S_ISREG(st->stx_mode) && !S_ISLNK(st->stx_mode) && how.access != DataAccess::kNone) {
    return fail(NtStatus::kAccessDenied);
  }
  return finish_open(std::move(init), how);
}

Result<Opened> PosixVfs::finish_open(PosixFile::Init init, const OpenHow& how) {
  auto result = opened(std::move(init));
  if (!result || how.open_reparse_point || result->info.reparse_tag == 0) return result;
  bool is_link = result->info.reparse_tag == wire::fscc::reparse_tag::kSymlink;
  return fail(is_link ? NtStatus::kStoppedOnSymlink : NtStatus::kIoReparseTagNotHandled);
}

Task<Result<Opened>> PosixVfs::open(IoContext io, std::string_view path, const OpenHow& how) {
  co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking blocking) {
    return open_now(io.credentials, path, how, blocking);
  });
}

Result<Opened> PosixVfs::create_stream(const Credentials& who, const std::string& disk,
                                       const CreateHow& how, Blocking blocking) {
  auto found = share_->find(who, disk, false, blocking, names_);
  if (!found) return fail(found.error());
  auto st = stat_fd(found->fd.get());
  if (!st) return fail(st.error());
  if (!share_->features().xattrs || (!S_ISREG(st->stx_mode) && !S_ISDIR(st->stx_mode)))
    return fail(NtStatus::kObjectNameInvalid);
  auto xattr = stream_xattr(how.stream);
  if (!xattr) return fail(xattr.error());
  {
    Lock lock(share_->value_lock(key_of(*st)));
    auto existing = find_stream(found->fd.get(), how.stream);
    if (!existing) return fail(existing.error());
    if (*existing) return fail(NtStatus::kObjectNameCollision);
    auto made = write_stream(who, found->fd.get(), *xattr, {}, XATTR_CREATE);
    if (!made) return fail(made.error());
  }
  return open_stream(who, std::move(*found), *st, how.stream, how.access);
}

Result<UniqueFd> PosixVfs::make_unless_there(const Credentials& who, const Place& place,
                                             const CreateHow& how, Blocking blocking) {
  for (Blocking locked = Blocking::kNo;; locked = Blocking::kYes) {
    {
      Lock lock(share_->name_lock(place.parent_key));
      auto existing =
          share_->find_name(place.parent.get(), place.parent_key, place.name, locked, names_);
      if (existing && *existing) return fail(NtStatus::kObjectNameCollision);
      if (existing) return make_object(*share_, who, place, how);
      if (existing.error() != kWouldBlock || blocking == Blocking::kNo)
        return fail(existing.error());
    }
    // Reading a directory takes time that others who create need not wait for.
    auto read =
        share_->find_name(place.parent.get(), place.parent_key, place.name, blocking, names_);
    if (!read) return fail(read.error());
    if (*read) return fail(NtStatus::kObjectNameCollision);
  }
}

Result<Opened> PosixVfs::create_now(const Credentials& who, std::string_view path,
                                    const CreateHow& how, Blocking blocking) {
  auto disk = path_to_disk(path);
  if (!disk) return fail(disk.error());
  if (!how.stream.empty()) return create_stream(who, *disk, how, blocking);
  auto place = share_->find_place(who, *disk, blocking, names_);
  if (!place) return fail(place.error());
  auto fd = make_unless_there(who, *place, how, blocking);
  if (!fd) {
    // A directory that has been removed takes nothing; the errors of Linux for it differ.
    auto parent = stat_fd(place->parent.get());
    bool is_gone = parent && parent->stx_nlink == 0;
    return fail(is_gone ? NtStatus::kObjectPathNotFound : fd.error());
  }
  auto st = stat_fd(fd->get());
  if (!st) return fail(st.error());
  PosixFile::Init init{.fd = std::move(*fd),
                       .access = how.directory ? DataAccess::kNone : how.access,
                       .stat = *st,
                       .path = place->path(),
                       .stream = {},
                       .stream_xattr = {},
                       .use = nullptr};
  if (share_->guards() != nullptr && !how.directory)
    init.use = share_->guards()->adopt(init.fd.get(), key_of(*st), how.access);
  return opened(std::move(init));
}

Task<Result<Opened>> PosixVfs::create(IoContext io, std::string_view path, const CreateHow& how) {
  // Space is reserved on the pool.
  Cost cost = how.allocation_size == 0 ? Cost::kMetadata : Cost::kLong;
  co_return co_await run(io, *share_, cost, [&](Blocking blocking) {
    return create_now(io.credentials, path, how, blocking);
  });
}

Result<FileInfo> PosixVfs::overwrite_now(const Credentials& who, PosixFile& file,
                                         const CreateHow& how) {
  if (file.is_directory()) return fail(NtStatus::kFileIsADirectory);
  if (auto cut = file.truncate_now(who, 0); !cut) return fail(cut.error());
  if (file.is_stream()) return file.info_now();
  auto removed = remove_streams_and_eas(who, file.fd());
  if (removed) removed = store_eas(who, file.fd(), how.eas);
  if (!removed) return fail(removed.error());
  DosChange dos{.attributes = how.attributes,
                .mask = (attr::kSettable & ~attr::kNormal) | attr::kSparseFile,
                .creation_time = std::nullopt};
  if (auto set = change_dos_attributes(*share_, who, file.fd(), dos); !set)
    return fail(set.error());
  return file.info_now();
}

Task<Result<FileInfo>> PosixVfs::overwrite(IoContext io, ports::File& file, const CreateHow& how) {
  auto* target = dynamic_cast<PosixFile*>(&file);
  if (target == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = target->shared_from_this();
  auto st = stat_fd(keep->fd());
  Cost cost = st && st->stx_size > kInlineTruncate ? Cost::kLong : Cost::kMetadata;
  auto info = co_await run(io, *share_, cost,
                           [&](Blocking) { return overwrite_now(io.credentials, *keep, how); });
  if (!info || how.allocation_size == 0) co_return info;
  auto reserved = co_await keep->set_allocation(io, how.allocation_size);
  if (!reserved) co_return fail(reserved.error());
  co_return co_await keep->info(io);
}

}  // namespace holdfast::platform::posix
