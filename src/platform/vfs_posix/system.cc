// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/system.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cstdio>

#include "base/assert.h"
#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"

namespace holdfast::platform::posix {
namespace {

/// openat2 says EAGAIN when a rename ran beside a walk through `..`; it is tried this often.
constexpr int kOpenAttempts = 64;
constexpr std::size_t kSmallXattr = 512;
/// XATTR_LIST_MAX and XATTR_SIZE_MAX.
constexpr std::size_t kLargestXattr = 64u << 10;

// Linux 6.13; not in the headers of older systems.
constexpr long kGetXattrAt = 464, kListXattrAt = 465;
struct XattrArgs {
  std::uint64_t value;
  std::uint32_t size;
  std::uint32_t flags;
};

bool has_xattr_at_calls() {
  // A seccomp profile that does not know them may say EPERM.
  static const bool has = ::syscall(kListXattrAt, -1, "x", 0, nullptr, 0) < 0 && errno == EBADF;
  return has;
}

}  // namespace

ProcPath::ProcPath(int fd, const char* name) {
  std::snprintf(text_, sizeof text_, name == nullptr ? "/proc/self/fd/%d" : "/proc/self/fd/%d/%s",
                fd, name);
}

const Credentials& service() {
  static const Credentials self;
  return self;
}

Result<UniqueFd> open_beneath(const Credentials& who, int root, const std::string& path,
                              int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  long fd = -1;
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    fd = ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (fd < 0) return fail_errno();
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> reopen(const Credentials& who, int fd, int flags) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  int opened = ::open(ProcPath(fd).c_str(), flags | O_CLOEXEC);
  if (opened < 0) return fail_errno();
  return UniqueFd(opened);
}

Result<Stat> stat_fd(int fd) {
  Stat st;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) != 0)
    return fail_errno();
  return st;
}

Result<Stat> stat_at(const Credentials& who, int directory, const std::string& name) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  Stat st;
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(directory, name.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &st) != 0)
    return fail_errno();
  return st;
}

FileKey key_of(const Stat& st) { return {makedev(st.stx_dev_major, st.stx_dev_minor), st.stx_ino}; }

Result<void> check_access(const Credentials& who, int fd, int wanted) {
  if (!who.act_as_user || wanted == 0) return {};
  ActAs as(who);
  constexpr int kFlags = AT_EMPTY_PATH | AT_EACCESS;
  if (as.ok() && ::syscall(SYS_faccessat2, fd, "", wanted, kFlags) == 0) return {};
  return fail(NtStatus::kAccessDenied);
}

Result<void> check_remove_from(const Credentials& who, int directory, std::uint32_t owner) {
  auto st = stat_fd(directory);
  if (!st) return fail(st.error());
  std::uint32_t uid = who.act_as_user ? who.uid : ::geteuid();
  if ((st->stx_mode & S_ISVTX) != 0 && uid != 0 && uid != owner && uid != st->stx_uid)
    return fail(NtStatus::kAccessDenied);
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  constexpr int kFlags = AT_EMPTY_PATH | AT_EACCESS;
  if (::syscall(SYS_faccessat2, directory, "", W_OK | X_OK, kFlags) == 0) return {};
  return fail(errno == EROFS ? NtStatus::kMediaWriteProtected : NtStatus::kAccessDenied);
}

ssize_t Xattrs::list_into(char* out, std::size_t size) const {
  if (name_ != nullptr) {
    if (has_xattr_at_calls())
      return ::syscall(kListXattrAt, fd_, name_, AT_SYMLINK_NOFOLLOW, out, size);
    return ::llistxattr(ProcPath(fd_, name_).c_str(), out, size);
  }
  // O_PATH descriptors are refused, and need ten times as long by their path.
  ssize_t n = ::flistxattr(fd_, out, size);
  return n < 0 && errno == EBADF ? ::listxattr(ProcPath(fd_).c_str(), out, size) : n;
}

ssize_t Xattrs::get_into(const char* name, void* out, std::size_t size) const {
  if (name_ != nullptr) {
    if (!has_xattr_at_calls()) return ::lgetxattr(ProcPath(fd_, name_).c_str(), name, out, size);
    XattrArgs args{reinterpret_cast<std::uint64_t>(out), static_cast<std::uint32_t>(size), 0};
    return ::syscall(kGetXattrAt, fd_, name_, AT_SYMLINK_NOFOLLOW, name, &args, sizeof args);
  }
  ssize_t n = ::fgetxattr(fd_, name, out, size);
  return n < 0 && errno == EBADF ? ::getxattr(ProcPath(fd_).c_str(), name, out, size) : n;
}

Result<std::vector<std::string>> Xattrs::list() const {
  std::vector<std::string> names;
  char small[kSmallXattr];
  std::vector<char> large;
  char* buffer = small;
  ssize_t n = list_into(small, sizeof small);
  if (n < 0 && errno == ERANGE) {
    large.resize(kLargestXattr);
    buffer = large.data();
    n = list_into(buffer, large.size());
  }
  if (n < 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return names;
    return fail_errno();
  }
  for (std::string_view rest(buffer, static_cast<std::size_t>(n)); !rest.empty();) {
    std::size_t end = rest.find('\0');
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return names;
}

Result<std::optional<ByteVec>> Xattrs::get(const std::string& name) const {
  ByteVec value(kSmallXattr);
  ssize_t n = get_into(name.c_str(), value.data(), value.size());
  if (n < 0 && errno == ERANGE) {
    value.resize(kLargestXattr);
    n = get_into(name.c_str(), value.data(), value.size());
  }
  if (n < 0) {
    if (errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM) return std::optional<ByteVec>{};
    return fail_errno();
  }
  value.resize(static_cast<std::size_t>(n));
  return value;
}

Result<std::optional<std::size_t>> Xattrs::size(const std::string& name) const {
  ssize_t n = get_into(name.c_str(), nullptr, 0);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM)
    return std::optional<std::size_t>{};
  return fail_errno();
}

Result<void> Xattrs::set(const Credentials& who, const std::string& name, Bytes value,
                         int flags) const {
  HF_ASSERT(name_ == nullptr);
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  int done = ::fsetxattr(fd_, name.c_str(), value.data(), value.size(), flags);
  if (done != 0 && errno == EBADF)
    done = ::setxattr(ProcPath(fd_).c_str(), name.c_str(), value.data(), value.size(), flags);
  if (done != 0) return fail_errno();
  return {};
}

Result<void> Xattrs::remove(const Credentials& who, const std::string& name) const {
  HF_ASSERT(name_ == nullptr);
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  int done = ::fremovexattr(fd_, name.c_str());
  if (done != 0 && errno == EBADF) done = ::removexattr(ProcPath(fd_).c_str(), name.c_str());
  if (done != 0 && errno != ENODATA && errno != EOPNOTSUPP) return fail_errno();
  return {};
}

}  // namespace holdfast::platform::posix
