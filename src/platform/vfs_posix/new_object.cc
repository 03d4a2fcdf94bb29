// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/new_object.h"

#include <fcntl.h>
#include <unistd.h>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/attributes.h"
#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/security.h"
#include "platform/vfs_posix/streams.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;
using ports::CreateHow;

/// What the new object needs beside its inode.
Result<void> furnish(Share& share, const Credentials& who, int fd, const CreateHow& how) {
  if (how.security) {
    auto stored = store_security(share, fd, *how.security);
    if (!stored && stored.error() != NtStatus::kNotSupported) return stored;
  }
  if (how.creation_mark && share.features().xattrs)
    if (auto set = Xattrs(fd).set(service(), kCreationXattr, *how.creation_mark); !set) return set;
  DosChange dos{.attributes = how.attributes,
                .mask = attr::kSettable & ~attr::kNormal,
                .creation_time = std::nullopt};
  if ((dos.attributes & dos.mask) != 0)
    if (auto set = change_dos_attributes(share, who, fd, dos); !set) return set;
  // Only what a directory has handed down needs taking back.
  if (how.no_compression && share.features().compression)
    if (auto set = change_compression(who, fd, false); !set) return set;
  if (!how.eas.empty()) {
    if (!share.features().xattrs) return fail(NtStatus::kEasNotSupported);
    if (auto stored = store_eas(who, fd, how.eas); !stored) return stored;
  }
  if (how.directory || how.allocation_size == 0) return {};
  if (how.allocation_size > INT64_MAX) return fail(NtStatus::kInvalidParameter);
  auto size = static_cast<off_t>(how.allocation_size);
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
    return fail_errno();
  return {};
}

/// The mode that was asked for, which the umask may have changed.
Result<void> settle_mode(const Credentials& who, int fd, std::optional<std::uint32_t> mode) {
  if (!mode) return {};
  auto st = stat_fd(fd);
  if (!st) return fail(st.error());
  if ((st->stx_mode & 07777u) == (*mode & 07777)) return {};
  return change_ownership(who, fd, std::nullopt, std::nullopt, mode);
}

void undo(const Place& place, bool directory) {
  ::unlinkat(place.parent.get(), place.name.c_str(), directory ? AT_REMOVEDIR : 0);
}

Result<UniqueFd> make_directory(Share& share, const Credentials& who, const Place& place,
                                const CreateHow& how) {
  std::uint32_t mode = how.mode.value_or(share.options().directory_mode);
  UniqueFd fd;
  {
    ActAs as(who);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    mode_t first_mode = how.security ? mode & 0700 : mode;
    if (::mkdirat(place.parent.get(), place.name.c_str(), first_mode) != 0) return fail_errno();
    constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    fd = UniqueFd(::openat(place.parent.get(), place.name.c_str(), kFlags));
  }
  if (!fd) return fail_errno();
  auto done = furnish(share, who, fd.get(), how);
  if (done) done = settle_mode(who, fd.get(), how.security ? std::optional(mode) : how.mode);
  if (done) return fd;
  undo(place, true);
  return fail(done.error());
}

/// The same file, opened by the name that it has got: of a descriptor made by O_TMPFILE the kernel
/// says "(deleted)" for ever, so that a rename by another handle or program could not be followed.
/// `nameless` itself where that fails: whoever took the name away meanwhile leaves it as it is.
UniqueFd named(UniqueFd nameless, const Place& place) {
  constexpr int kFlags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd fd(::openat(place.parent.get(), place.name.c_str(), kFlags));
  if (!fd) return nameless;
  auto there = stat_fd(fd.get()), made = stat_fd(nameless.get());
  return there && made && key_of(*there) == key_of(*made) ? std::move(fd) : std::move(nameless);
}

bool cannot_be_nameless(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOENT;
}

/// An invalid descriptor: the file system has no O_TMPFILE.
Result<UniqueFd> make_complete_file(Share& share, const Credentials& who, const Place& place,
                                    const CreateHow& how) {
  std::uint32_t mode = how.mode.value_or(share.options().file_mode);
  UniqueFd fd;
  {
    ActAs as(who);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    constexpr int kFlags = O_TMPFILE | O_RDWR | O_CLOEXEC;
    fd = UniqueFd(::open(ProcPath(place.parent.get()).c_str(), kFlags, mode));
    if (!fd && cannot_be_nameless(errno)) return UniqueFd();
    if (!fd) return fail_errno();
  }
  auto done = furnish(share, who, fd.get(), how);
  if (done) done = settle_mode(who, fd.get(), how.mode);
  if (!done) return fail(done.error());
  {
    ActAs as(who);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    ProcPath source(fd.get());
    if (::linkat(AT_FDCWD, source.c_str(), place.parent.get(), place.name.c_str(),
                 AT_SYMLINK_FOLLOW) != 0)
      return fail_errno();
  }
  return named(std::move(fd), place);
}

}  // namespace

Result<UniqueFd> make_object(Share& share, const Credentials& who, const Place& place,
                             const CreateHow& how) {
  if (how.directory) return make_directory(share, who, place, how);
  if (how.security || how.creation_mark) {
    auto fd = make_complete_file(share, who, place, how);
    if (!fd || *fd) return fd;
  }
  UniqueFd fd;
  {
    ActAs as(who);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    constexpr int kFlags = O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    std::uint32_t mode = how.mode.value_or(share.options().file_mode);
    fd = UniqueFd(::openat(place.parent.get(), place.name.c_str(), kFlags, mode));
  }
  if (!fd) return fail_errno();
  auto done = furnish(share, who, fd.get(), how);
  if (done) done = settle_mode(who, fd.get(), how.mode);
  if (done) return fd;
  undo(place, false);
  return fail(done.error());
}

}  // namespace holdfast::platform::posix
