// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/features.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <cerrno>

namespace holdfast::platform::posix {
namespace {

// Not in linux/magic.h.
constexpr std::uint32_t kXfs = 0x58465342, kF2fs = 0xF2F52010, kBcachefs = 0xCA451A4E;
constexpr std::uint32_t kCifs = 0xFF534D42, kGfs2 = 0x01161970, kLustre = 0x0BD00BD0;

bool reads_without_waiting(std::uint32_t type) {
  return type == EXT4_SUPER_MAGIC || type == kXfs || type == BTRFS_SUPER_MAGIC || type == kF2fs ||
         type == kBcachefs;
}

/// Other machines or a process change and answer for these.
bool is_remote(std::uint32_t type) {
  switch (type) {
    case NFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case FUSE_SUPER_MAGIC:
    case CEPH_SUPER_MAGIC:
    case V9FS_MAGIC:
    case AFS_SUPER_MAGIC:
    case OCFS2_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
    case kCifs:
    case kGfs2:
    case kLustre: return true;
    default: return false;
  }
}

/// Replacing an attribute that is not there changes nothing and says whether it could be set.
bool may_set_xattr(int fd, const char* name) {
  return ::setxattr(ProcPath(fd).c_str(), name, "", 0, XATTR_REPLACE) == 0 || errno == ENODATA;
}

bool has_xattrs(int fd) {
  char octet;
  return ::getxattr(ProcPath(fd).c_str(), "user.holdfast.probe", &octet, 1) >= 0 ||
         errno == ENODATA || errno == ERANGE;
}

/// Some file systems take the flag and forget it.
bool has_compression(int fd) {
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return false;
  flags |= FS_COMPR_FL;
  return ::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 && ::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
         (flags & FS_COMPR_FL) != 0;
}

}  // namespace

}  // namespace holdfast::platform::posix

namespace holdfast::platform {

bool is_mounted_here_only(const std::string& path) {
  struct statfs fs{};
  return ::statfs(path.c_str(), &fs) == 0 &&
         !posix::is_remote(static_cast<std::uint32_t>(fs.f_type));
}

}  // namespace holdfast::platform

namespace holdfast::platform::posix {

bool is_remote_file_system(int fd) {
  struct statfs fs{};
  return ::fstatfs(fd, &fs) == 0 && is_remote(static_cast<std::uint32_t>(fs.f_type));
}

Features probe_features(int root) {
  Features f;
  struct statfs fs{};
  struct statvfs vfs{};
  auto type = ::fstatfs(root, &fs) == 0 ? static_cast<std::uint32_t>(fs.f_type) : 0u;
  f.read_only = ::fstatvfs(root, &vfs) == 0 && (vfs.f_flag & ST_RDONLY) != 0;
  f.memory_only = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
  f.nowait_reads = reads_without_waiting(type);
  f.counts_xattr_blocks = type == EXT4_SUPER_MAGIC || type == kXfs;
  f.remote = is_remote(type);
  f.xattrs = has_xattrs(root);
  f.security_xattrs =
      f.xattrs && (f.read_only ? ::geteuid() == 0 : may_set_xattr(root, "security.holdfast.probe"));
  UniqueFd a(::openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  UniqueFd b(::openat(root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!a || !b) {
    f.sparse = !f.remote;
    return f;
  }
  constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  f.sparse = ::fallocate(a.get(), kPunch, 0, 4096) == 0;
  f.compression = has_compression(a.get());
  f.reflink = ::ioctl(b.get(), FICLONE, a.get()) == 0;
  return f;
}

}  // namespace holdfast::platform::posix
