// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/attributes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"
#include "wire/fscc/constants.h"

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

}  // namespace

XattrKind kind_of_xattr(std::string_view name) {
  if (!name.starts_with(kUserPrefix)) return XattrKind::kHidden;
  if (name.starts_with(kStreamPrefix))
    return name.ends_with(kStreamSuffix) ? XattrKind::kStream : XattrKind::kHidden;
  if (name == wire::samba::kDosAttribXattr) return XattrKind::kDosAttrib;
  if (name == kReparseXattr) return XattrKind::kReparse;
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
    if (has(XattrKind::kEa)) info.ea_size = ea_size_of(xattrs, *names).value_or(0);
  }
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

}  // namespace holdfast::platform::posix
