// SPDX-License-Identifier: Apache-2.0
// Removing, renaming and linking of PosixVfs.
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/names.h"
#include "platform/vfs_posix/posix_vfs_impl.h"
#include "platform/vfs_posix/streams.h"
#include "platform/vfs_posix/where.h"

namespace holdfast::platform::posix {
namespace {

std::unexpected<NtStatus> fail_naming(int error) {
  // Elsewhere EXDEV is a link that leaves the share.
  return error == EXDEV ? fail(NtStatus::kNotSameDevice) : fail_errno(error);
}

Result<void> unlink_at(const Credentials& who, const Place& place, bool directory) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  int flags = directory ? AT_REMOVEDIR : 0;
  if (::unlinkat(place.parent.get(), place.name.c_str(), flags) == 0) return {};
  return directory && errno == EEXIST ? fail(NtStatus::kDirectoryNotEmpty) : fail_naming(errno);
}

Result<void> rename_at(const Credentials& who, const Place& from, int to_parent,
                       const std::string& to_name, bool replace) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  int parent = from.parent.get();
  if (!replace) {
    if (::renameat2(parent, from.name.c_str(), to_parent, to_name.c_str(), RENAME_NOREPLACE) == 0)
      return {};
    // EINVAL: not every file system knows the flag. The caller has looked, under its lock.
    if (errno != EINVAL) return fail_naming(errno);
  }
  if (::renameat(parent, from.name.c_str(), to_parent, to_name.c_str()) == 0) return {};
  // A directory cannot move into itself.
  return errno == EINVAL ? fail(NtStatus::kAccessDenied) : fail_naming(errno);
}

/// What a name in the way is.
struct Obstacle {
  std::string name;
  Stat stat;
};

/// Looks for `place`; the caller holds the directory's name lock.
Result<std::optional<Obstacle>> find_obstacle(Share& share, const Place& place, Names names) {
  auto existing =
      share.find_name(place.parent.get(), place.parent_key, place.name, Blocking::kYes, names);
  if (!existing) return fail(existing.error());
  if (!*existing) return std::optional<Obstacle>{};
  auto st = stat_at(service(), place.parent.get(), **existing);
  if (!st && st.error() == NtStatus::kObjectNameNotFound) return std::optional<Obstacle>{};
  if (!st) return fail(st.error());
  return Obstacle{std::move(**existing), *st};
}

/// Moves `from` to `to`, on top of another object that a client calls the same.
Result<void> replace_obstacle(const Credentials& who, const Place& from, const Place& to,
                              const Obstacle& in_way, FileKey moving, bool moving_directory) {
  if (S_ISDIR(in_way.stat.stx_mode) || moving_directory) return fail(NtStatus::kAccessDenied);
  // rename() of one link of a file onto another link of it does nothing.
  auto moved = key_of(in_way.stat) == moving
                   ? unlink_at(who, from, false)
                   : rename_at(who, from, to.parent.get(), in_way.name, true);
  if (!moved || in_way.name == to.name) return moved;
  Place now{UniqueFd(::fcntl(to.parent.get(), F_DUPFD_CLOEXEC, 0)), to.parent_path, in_way.name,
            to.parent_key};
  return rename_at(who, now, to.parent.get(), to.name, false);
}

PosixFile* posix_file(ports::File& file) { return dynamic_cast<PosixFile*>(&file); }

/// Writes the object to the disk that a descriptor, perhaps an O_PATH one, is of.
bool is_synced(int fd) {
  auto readable = reopen(service(), fd, O_RDONLY | O_NONBLOCK);
  // EINVAL: a file system that has nothing to write.
  return readable && (::fsync(readable->get()) == 0 || errno == EINVAL);
}

}  // namespace

Result<void> PosixVfs::remove_stream_now(const Credentials& who, PosixFile& file) {
  Lock lock(share_->value_lock(file.key()));
  auto there = Xattrs(file.fd()).size(file.stream_xattr());
  if (!there) return fail(there.error());
  if (!*there) return fail(NtStatus::kFileDeleted);
  return Xattrs(file.fd()).remove(who, file.stream_xattr());
}

Result<UniqueFd> PosixVfs::remove_now(const Credentials& who, PosixFile& file) {
  auto place = file.locate_now();
  if (!place) return fail(place.error());
  auto st = stat_at(service(), place->parent.get(), place->name);
  if (!st) return fail(st.error());
  auto removed = unlink_at(who, *place, S_ISDIR(st->stx_mode));
  if (!removed) return fail(removed.error());
  file.set_removed();
  return std::move(place->parent);
}

Task<Result<void>> PosixVfs::remove(IoContext io, ports::File& file) {
  if (posix_file(file) == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = posix_file(file)->shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking) -> Result<void> {
    if (keep->is_stream()) return remove_stream_now(io.credentials, *keep);
    auto removed = remove_now(io.credentials, *keep);
    return removed ? Result<void>{} : fail(removed.error());
  });
}

/// The directory is what has to be written: btrfs writes nothing of a file without a name.
Task<Result<bool>> PosixVfs::remove_durably(IoContext io, ports::File& file) {
  if (posix_file(file) == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = posix_file(file)->shared_from_this();
  co_return co_await run(io, *share_, Cost::kLong, [&](Blocking) -> Result<bool> {
    if (keep->is_stream()) {
      auto removed = remove_stream_now(io.credentials, *keep);
      return removed ? Result<bool>(is_synced(keep->fd())) : fail(removed.error());
    }
    auto directory = remove_now(io.credentials, *keep);
    return directory ? Result<bool>(is_synced(directory->get())) : fail(directory.error());
  });
}

Result<std::string> PosixVfs::rename_now(const Credentials& who, PosixFile& file,
                                         std::string_view new_path, bool replace,
                                         Blocking blocking) {
  if (file.is_stream()) return fail(NtStatus::kInvalidParameter);
  auto disk = path_to_disk(new_path);
  if (!disk) return fail(disk.error());
  auto from = file.locate_now();
  if (!from) return fail(from.error());
  auto to = share_->find_place(who, *disk, blocking, names_);
  if (!to) return fail(to.error());
  auto from_parent = stat_fd(from->parent.get());
  if (!from_parent) return fail(NtStatus::kObjectPathNotFound);
  bool same_directory = key_of(*from_parent) == to->parent_key;
  if (auto ready = share_->find_name(to->parent.get(), to->parent_key, to->name, blocking, names_);
      !ready)
    return fail(ready.error());
  std::string new_disk_path = to->path();
  Lock lock(share_->name_lock(to->parent_key));
  auto in_way = find_obstacle(*share_, *to, names_);
  if (!in_way) return fail(in_way.error());
  Result<void> renamed;
  if (*in_way && same_directory && (*in_way)->name == from->name) {
    // The object itself: nothing to do, or another case of its name.
    if (from->name != to->name) renamed = rename_at(who, *from, to->parent.get(), to->name, false);
  } else if (*in_way) {
    if (!replace) return fail(NtStatus::kObjectNameCollision);
    renamed = replace_obstacle(who, *from, *to, **in_way, file.key(), file.is_directory());
  } else {
    renamed = rename_at(who, *from, to->parent.get(), to->name, false);
  }
  if (!renamed) return fail(renamed.error());
  file.set_known_path(new_disk_path);
  return path_to_wire(new_disk_path);
}

Task<Result<std::string>> PosixVfs::rename(IoContext io, ports::File& file,
                                           std::string_view new_path, bool replace_if_exists) {
  if (posix_file(file) == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = posix_file(file)->shared_from_this();
  // What is replaced may be large, and is freed by the call.
  Cost cost = replace_if_exists ? Cost::kLong : Cost::kMetadata;
  co_return co_await run(io, *share_, cost, [&](Blocking blocking) {
    return rename_now(io.credentials, *keep, new_path, replace_if_exists, blocking);
  });
}

Result<void> PosixVfs::make_stream_the_data(const Credentials& who, PosixFile& stream,
                                            bool replace) {
  if (stream.is_directory()) return fail(NtStatus::kInvalidParameter);
  Lock lock(share_->value_lock(stream.key()));
  auto st = stat_fd(stream.fd());
  if (!st) return fail(st.error());
  if (!replace || st->stx_size != 0) return fail(NtStatus::kObjectNameCollision);
  auto content = read_stream(stream.fd(), stream.stream_xattr());
  if (!content) return fail(content.error());
  if (!*content) return fail(NtStatus::kFileDeleted);
  auto data = reopen(who, stream.fd(), O_WRONLY | O_NONBLOCK | O_NOCTTY);
  if (!data) return fail(data.error());
  for (std::size_t done = 0; done < (*content)->size();) {
    ssize_t n = ::pwrite(data->get(), (*content)->data() + done, (*content)->size() - done,
                         static_cast<off_t>(done));
    if (n < 0 && errno != EINTR) return fail_errno();
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return Xattrs(stream.fd()).remove(who, stream.stream_xattr());
}

Result<void> PosixVfs::rename_stream_now(const Credentials& who, PosixFile& stream,
                                         std::string_view new_stream, bool replace) {
  if (!stream.is_stream()) return fail(NtStatus::kInvalidParameter);
  if (new_stream.empty()) return make_stream_the_data(who, stream, replace);
  auto xattr = stream_xattr(new_stream);
  if (!xattr) return fail(xattr.error());
  Lock lock(share_->value_lock(stream.key()));
  auto existing = find_stream(stream.fd(), new_stream);
  if (!existing) return fail(existing.error());
  bool itself = *existing && **existing == stream.stream_xattr();
  if (*existing && !itself && !replace) return fail(NtStatus::kObjectNameCollision);
  if (*xattr == stream.stream_xattr()) return {};
  auto content = read_stream(stream.fd(), stream.stream_xattr());
  if (!content) return fail(content.error());
  if (!*content) return fail(NtStatus::kFileDeleted);
  if (auto put = write_stream(who, stream.fd(), *xattr, **content); !put) return put;
  Xattrs xattrs(stream.fd());
  auto removed = xattrs.remove(who, stream.stream_xattr());
  if (removed && *existing && !itself && **existing != *xattr)
    removed = xattrs.remove(who, **existing);
  if (removed) stream.set_stream(std::string(new_stream), std::move(*xattr));
  return removed;
}

Task<Result<void>> PosixVfs::rename_stream(IoContext io, ports::File& stream,
                                           std::string_view new_stream, bool replace_if_exists) {
  if (posix_file(stream) == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = posix_file(stream)->shared_from_this();
  co_return co_await run(io, *share_, Cost::kMetadata, [&](Blocking) {
    return rename_stream_now(io.credentials, *keep, new_stream, replace_if_exists);
  });
}

Result<void> PosixVfs::link_now(const Credentials& who, PosixFile& file, std::string_view new_path,
                                bool replace, Blocking blocking) {
  if (file.is_stream()) return fail(NtStatus::kInvalidParameter);
  if (file.is_directory()) return fail(NtStatus::kFileIsADirectory);
  auto disk = path_to_disk(new_path);
  if (!disk) return fail(disk.error());
  auto to = share_->find_place(who, *disk, blocking, names_);
  if (!to) return fail(to.error());
  if (auto ready = share_->find_name(to->parent.get(), to->parent_key, to->name, blocking, names_);
      !ready)
    return fail(ready.error());
  Lock lock(share_->name_lock(to->parent_key));
  auto in_way = find_obstacle(*share_, *to, names_);
  if (!in_way) return fail(in_way.error());
  if (*in_way) {
    if (!replace) return fail(NtStatus::kObjectNameCollision);
    if (S_ISDIR((*in_way)->stat.stx_mode)) return fail(NtStatus::kAccessDenied);
    if (key_of((*in_way)->stat) == file.key()) return {};
    Place old{UniqueFd(::fcntl(to->parent.get(), F_DUPFD_CLOEXEC, 0)), "", (*in_way)->name,
              to->parent_key};
    if (auto gone = unlink_at(who, old, false); !gone) return gone;
  }
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  ProcPath source(file.fd());
  if (::linkat(AT_FDCWD, source.c_str(), to->parent.get(), to->name.c_str(), AT_SYMLINK_FOLLOW) !=
      0)
    return fail_naming(errno);
  return {};
}

Task<Result<void>> PosixVfs::link(IoContext io, ports::File& file, std::string_view new_path,
                                  bool replace_if_exists) {
  if (posix_file(file) == nullptr) co_return fail(NtStatus::kInvalidHandle);
  auto keep = posix_file(file)->shared_from_this();
  Cost cost = replace_if_exists ? Cost::kLong : Cost::kMetadata;
  co_return co_await run(io, *share_, cost, [&](Blocking blocking) {
    return link_now(io.credentials, *keep, new_path, replace_if_exists, blocking);
  });
}

}  // namespace holdfast::platform::posix
