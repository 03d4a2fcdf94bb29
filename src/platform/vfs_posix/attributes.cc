// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/attributes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"
#include "wire/fscc/constants.h"
#include "wire/samba/nt_acl.h"

namespace holdfast::platform::posix {
namespace {

namespace attr = wire::fscc::attributes;
using wire::samba::DosAttrib;

constexpr std::uint32_t kWriteBits = S_IWUSR | S_IWGRP | S_IWOTH;
/// What user.DOSATTRIB may say; the rest follows from the object.
constexpr std::uint32_t kStored = (attr::kSettable & ~attr::kNormal) | attr::kSparseFile;

NtTime to_nt(const statx_timestamp& t) { return NtTime::from_unix(t.tv_sec, t.tv_nsec); }

timespec to_timespec(const std::optional<NtTime>& t) {
  if (!t || t->ticks == 0) return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  return {.tv_sec = t->unix_seconds(), .tv_nsec = t->unix_nanoseconds()};
}

DosAttrib load_dos(const Xattrs& xattrs) {
  auto value = xattrs.get(wire::samba::kDosAttribXattr);
  if (!value || !*value) return {};
  // A value that nobody understands is as good as none; the file stays reachable.
  return wire::samba::decode_dos_attrib(**value).value_or(DosAttrib{});
}

std::uint32_t reparse_tag_of(const Xattrs& xattrs) {
  auto value = xattrs.get(kReparseXattr);
  return value && *value && (*value)->size() >= 4 ? load_u32((*value)->data()) : 0;
}

/// Writing the value changes the inode's change time once more, at most by this much, ticks. A
/// change made within that time is not seen; Windows' clock has steps of 15.6 ms, too.
constexpr std::uint64_t kChangeTimeSlack = 15 * 10'000;

/// The change time in force: the one that was set, unless the inode has changed since.
NtTime change_time_of(const Xattrs& xattrs, NtTime of_inode) {
  auto value = xattrs.get(kChangeTimeXattr);
  if (!value || !*value || (*value)->size() != 16) return of_inode;
  std::uint64_t when = load_u64((*value)->data() + 8);
  bool holds = of_inode.ticks >= when && of_inode.ticks - when <= kChangeTimeSlack;
  return holds ? NtTime{load_u64((*value)->data())} : of_inode;
}

Result<void> store_change_time(const Credentials& who, int fd, NtTime time) {
  Xattrs xattrs(fd);
  std::uint8_t value[16] = {};
  store_u64(value, time.ticks);
  // The first write is there to learn the inode's time, the second to note it; a preempted thread
  // tries again.
  for (int tries = 0; tries < 8; ++tries) {
    auto set = xattrs.set(who, kChangeTimeXattr, value);
    if (!set && set.error() == NtStatus::kAccessDenied && may_change_attributes(who, fd))
      set = xattrs.set(service(), kChangeTimeXattr, value);
    if (!set) return set;
    auto st = stat_fd(fd);
    if (!st) return fail(st.error());
    NtTime now = to_nt(st->stx_ctime);
    std::uint64_t noted = load_u64(value + 8);
    if (now.ticks >= noted && now.ticks - noted <= kChangeTimeSlack) return {};
    store_u64(value + 8, now.ticks);
  }
  return {};
}

/// As FileEaInformation counts (wire/fscc/ea.h).
Result<std::uint32_t> ea_size_of(const Xattrs& xattrs, const std::vector<std::string>& names) {
  std::uint32_t total = 0;
  for (const std::string& name : names) {
    if (kind_of_xattr(name) != XattrKind::kEa) continue;
    auto size = xattrs.size(name);
    if (!size) return fail(size.error());
    if (!*size) continue;
    total += static_cast<std::uint32_t>(5 + name.size() - kUserPrefix.size() + **size);
  }
  return total == 0 ? 0 : total + 4;
}

void fill_from_stat(FileInfo& info, const Stat& st) {
  info.key = key_of(st);
  info.last_access_time = to_nt(st.stx_atime);
  info.last_write_time = to_nt(st.stx_mtime);
  info.change_time = to_nt(st.stx_ctime);
  info.creation_time = (st.stx_mask & STATX_BTIME) != 0
                           ? to_nt(st.stx_btime)
                           : std::min(info.last_write_time, info.change_time);
  info.is_directory = S_ISDIR(st.stx_mode);
  info.mode = st.stx_mode & 07777;
  info.uid = st.stx_uid;
  info.gid = st.stx_gid;
  if (info.is_directory) return;
  info.link_count = st.stx_nlink;
  if (!S_ISREG(st.stx_mode)) return;
  info.end_of_file = st.stx_size;
  info.allocation_size = st.stx_blocks * 512;
}

/// A security descriptor does not fit into the inode beside what is there already: its block is
/// told from the data's by being more than the end of file needs.
void without_xattr_block(FileInfo& info, const Stat& st) {
  std::uint64_t block = st.stx_blksize;
  if (block == 0 || info.allocation_size < info.end_of_file + block) return;
  info.allocation_size -= block;
}

}  // namespace

XattrKind kind_of_xattr(std::string_view name) {
  if (!name.starts_with(kUserPrefix)) return XattrKind::kHidden;
  if (name.starts_with(kStreamPrefix))
    return name.ends_with(kStreamSuffix) ? XattrKind::kStream : XattrKind::kHidden;
  if (name == wire::samba::kDosAttribXattr) return XattrKind::kDosAttrib;
  if (name == kReparseXattr) return XattrKind::kReparse;
  if (name == kChangeTimeXattr) return XattrKind::kChangeTime;
  if (name.starts_with("user.holdfast.")) return XattrKind::kHidden;
  if (name == "user.NTACL" || name == "user.SAMBA_PAI") return XattrKind::kHidden;
  return name.size() > kUserPrefix.size() ? XattrKind::kEa : XattrKind::kHidden;
}

Result<FileInfo> load_info(const Share& share, const Stat& st, const Xattrs& xattrs) {
  FileInfo info;
  fill_from_stat(info, st);
  std::uint32_t attributes = 0;
  bool is_link = S_ISLNK(st.stx_mode);
  if (is_link) {
    info.reparse_tag = wire::fscc::reparse_tag::kSymlink;
  } else if (!share.features().xattrs) {
    if ((st.stx_mode & kWriteBits) == 0) attributes |= attr::kReadOnly;
  } else if (auto names = xattrs.list(); names && !names->empty()) {
    auto has = [&names](XattrKind kind) {
      return std::ranges::any_of(*names, [kind](auto& n) { return kind_of_xattr(n) == kind; });
    };
    if (has(XattrKind::kDosAttrib)) {
      DosAttrib dos = load_dos(xattrs);
      if (dos.has_attributes()) attributes |= dos.attributes & kStored;
      if (dos.has_create_time() && dos.create_time.ticks != 0) info.creation_time = dos.create_time;
    }
    if (has(XattrKind::kReparse)) info.reparse_tag = reparse_tag_of(xattrs);
    if (share.features().counts_xattr_blocks && S_ISREG(st.stx_mode) &&
        std::ranges::find(*names, wire::samba::kNtAclXattr) != names->end())
      without_xattr_block(info, st);
    if (has(XattrKind::kChangeTime)) info.change_time = change_time_of(xattrs, info.change_time);
    if (has(XattrKind::kEa)) info.ea_size = ea_size_of(xattrs, *names).value_or(0);
  }
  if ((st.stx_attributes & STATX_ATTR_COMPRESSED) != 0) attributes |= attr::kCompressed;
  if (info.is_directory) attributes = (attributes | attr::kDirectory) & ~attr::kSparseFile;
  if (info.reparse_tag != 0) attributes |= attr::kReparsePoint;
  info.attributes = attributes == 0 ? attr::kNormal : attributes;
  return info;
}

Result<FileInfo> load_info(const Share& share, int fd) {
  auto st = stat_fd(fd);
  if (!st) return fail(st.error());
  return load_info(share, *st, Xattrs(fd));
}

bool is_client_symlink(int fd) {
  return reparse_tag_of(Xattrs(fd)) == wire::fscc::reparse_tag::kSymlink;
}

bool may_change_attributes(const Credentials& who, int fd) {
  if (!who.act_as_user) return false;
  auto st = stat_fd(fd);
  if (!st) return false;
  return st->stx_uid == who.uid || check_access(who, fd, W_OK).has_value();
}

Result<void> change_dos_attributes(Share& share, const Credentials& who, int fd,
                                   const DosChange& change) {
  auto st = stat_fd(fd);
  if (!st) return fail(st.error());
  if (!S_ISREG(st->stx_mode) && !S_ISDIR(st->stx_mode)) return {};
  if (!share.features().xattrs) {
    if ((change.mask & attr::kReadOnly) == 0) return {};
    // Without a place for attributes the mode is the only one that READONLY has.
    mode_t mode = st->stx_mode & 07777;
    mode = (change.attributes & attr::kReadOnly) != 0 ? mode & ~kWriteBits : mode | S_IWUSR;
    ActAs as(who);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    if (mode != (st->stx_mode & 07777u) && ::chmod(ProcPath(fd).c_str(), mode) != 0)
      return fail_errno();
    return {};
  }
  Lock lock(share.value_lock(key_of(*st)));
  Xattrs xattrs(fd);
  DosAttrib old = load_dos(xattrs);
  DosAttrib now = old;
  std::uint32_t mask = change.mask & kStored;
  std::uint32_t attributes = old.has_attributes() ? old.attributes : 0;
  now.attributes = (attributes & ~mask) | (change.attributes & mask);
  now.valid_flags = DosAttrib::kAttribValid | DosAttrib::kCreateTimeValid;
  if (change.creation_time) now.create_time = *change.creation_time;
  if (!change.creation_time && !old.has_create_time()) {
    FileInfo from_inode;
    fill_from_stat(from_inode, *st);
    now.create_time = from_inode.creation_time;
    // Nothing to say that the inode does not say already.
    if (now.attributes == 0 && attributes == 0) return {};
  }
  if (now == old) return {};
  ByteVec value = wire::samba::encode(now);
  auto set = xattrs.set(who, wire::samba::kDosAttribXattr, value);
  if (!set && set.error() == NtStatus::kAccessDenied && may_change_attributes(who, fd))
    return xattrs.set(service(), wire::samba::kDosAttribXattr, value);
  return set;
}

Result<void> change_compression(const Credentials& who, int fd, bool compressed) {
  auto st = stat_fd(fd);
  if (!st) return fail(st.error());
  int kind = S_ISDIR(st->stx_mode) ? O_DIRECTORY : 0;
  auto readable = reopen(service(), fd, O_RDONLY | O_NONBLOCK | kind);
  if (!readable) return fail(readable.error());
  auto set = [&](const Credentials& as_whom) -> Result<void> {
    ActAs as(as_whom);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    int flags = 0;
    if (::ioctl(readable->get(), FS_IOC_GETFLAGS, &flags) != 0) return fail_errno();
    int wanted = compressed ? (flags & ~FS_NOCOMP_FL) | FS_COMPR_FL : flags & ~FS_COMPR_FL;
    if (wanted == flags) return {};
    return ::ioctl(readable->get(), FS_IOC_SETFLAGS, &wanted) == 0 ? Result<void>{} : fail_errno();
  };
  auto done = set(who);
  if (!done && done.error() == NtStatus::kAccessDenied && may_change_attributes(who, fd))
    return set(service());
  return done;
}

namespace {

Result<void> set_inode_times(const Credentials& who, int fd, const SetBasic& change) {
  timespec times[2] = {to_timespec(change.last_access_time), to_timespec(change.last_write_time)};
  if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT) return {};
  auto set_times = [fd, &times](const Credentials& as_whom) -> Result<void> {
    ActAs as(as_whom);
    if (!as.ok()) return fail(NtStatus::kAccessDenied);
    if (::utimensat(fd, "", times, AT_EMPTY_PATH) != 0) return fail_errno();
    return {};
  };
  auto set = set_times(who);
  if (!set && set.error() == NtStatus::kAccessDenied && may_change_attributes(who, fd))
    return set_times(service());
  return set;
}

}  // namespace

Result<void> change_basic(Share& share, const Credentials& who, int fd, const SetBasic& change) {
  DosChange dos;
  if (change.attributes && *change.attributes != 0)
    dos = {.attributes = *change.attributes,
           .mask = attr::kSettable & ~attr::kNormal,
           .creation_time = std::nullopt};
  if (change.creation_time && change.creation_time->ticks != 0)
    dos.creation_time = change.creation_time;
  if (dos.mask != 0 || dos.creation_time) {
    auto changed = change_dos_attributes(share, who, fd, dos);
    if (!changed) return changed;
  }
  if (auto set = set_inode_times(who, fd, change); !set) return set;
  // Last, because all else changes the inode's own.
  if (!change.change_time || change.change_time->ticks == 0 || !share.features().xattrs) return {};
  auto st = stat_fd(fd);
  if (!st) return fail(st.error());
  if (!S_ISREG(st->stx_mode) && !S_ISDIR(st->stx_mode)) return {};
  Lock lock(share.value_lock(key_of(*st)));
  return store_change_time(who, fd, *change.change_time);
}

}  // namespace holdfast::platform::posix
