// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/system.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cstdio>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"

namespace holdfast::platform::posix {
namespace {

/// openat2 says EAGAIN when a rename ran beside a walk through `..`; it is tried this often.
constexpr int kOpenAttempts = 64;
constexpr std::size_t kSmallXattr = 512;
/// XATTR_LIST_MAX and XATTR_SIZE_MAX.
constexpr std::size_t kLargestXattr = 64u << 10;

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

Result<std::vector<std::string>> Xattrs::list() const {
  std::vector<std::string> names;
  char small[kSmallXattr];
  std::vector<char> large;
  char* buffer = small;
  auto call = no_follow_ ? ::llistxattr : ::listxattr;
  ssize_t n = call(path_.c_str(), small, sizeof small);
  if (n < 0 && errno == ERANGE) {
    large.resize(kLargestXattr);
    buffer = large.data();
    n = call(path_.c_str(), buffer, large.size());
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
  auto call = no_follow_ ? ::lgetxattr : ::getxattr;
  ssize_t n = call(path_.c_str(), name.c_str(), value.data(), value.size());
  if (n < 0 && errno == ERANGE) {
    value.resize(kLargestXattr);
    n = call(path_.c_str(), name.c_str(), value.data(), value.size());
  }
  if (n < 0) {
    if (errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM) return std::optional<ByteVec>{};
    return fail_errno();
  }
  value.resize(static_cast<std::size_t>(n));
  return value;
}

Result<std::optional<std::size_t>> Xattrs::size(const std::string& name) const {
  ssize_t n = (no_follow_ ? ::lgetxattr : ::getxattr)(path_.c_str(), name.c_str(), nullptr, 0);
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM)
    return std::optional<std::size_t>{};
  return fail_errno();
}

Result<void> Xattrs::set(const Credentials& who, const std::string& name, Bytes value,
                         int flags) const {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  if (::setxattr(path_.c_str(), name.c_str(), value.data(), value.size(), flags) != 0)
    return fail_errno();
  return {};
}

Result<void> Xattrs::remove(const Credentials& who, const std::string& name) const {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  if (::removexattr(path_.c_str(), name.c_str()) != 0 && errno != ENODATA && errno != EOPNOTSUPP)
    return fail_errno();
  return {};
}

}  // namespace holdfast::platform::posix
