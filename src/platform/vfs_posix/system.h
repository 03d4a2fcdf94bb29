// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "platform/vfs_posix/unique_fd.h"
#include "ports/identity.h"
#include "ports/vfs.h"

/// System calls as this folder uses them: by descriptor, with the credentials to make them with,
/// and NTSTATUS for errno.
namespace holdfast::platform::posix {

using ports::Credentials;
using ports::FileKey;
using Stat = struct ::statx;

/// "/proc/self/fd/N": the object behind a descriptor, for calls that take only paths or refuse
/// O_PATH.
class ProcPath {
 public:
  explicit ProcPath(int fd, const char* name = nullptr);
  const char* c_str() const { return text_; }

 private:
  char text_[32 + 256];
};

/// openat2 below `root`: no `..`, symbolic link or race leads out of it. path "" is root itself.
Result<UniqueFd> open_beneath(const Credentials& who, int root, const std::string& path, int flags);
/// Opens the object of an O_PATH descriptor for use, with the permission check that this implies.
Result<UniqueFd> reopen(const Credentials& who, int fd, int flags);
Result<Stat> stat_fd(int fd);
/// Of a name in a directory; symbolic links are not followed.
Result<Stat> stat_at(const Credentials& who, int directory, const std::string& name);
FileKey key_of(const Stat& st);

/// The extended attributes of the object behind a descriptor of any kind, O_PATH included.
class Xattrs {
 public:
  explicit Xattrs(int fd) : fd_(fd) {}
  /// Of a name in a directory, not following a link; to be read only. The name must stay.
  Xattrs(int directory, const std::string& name) : fd_(directory), name_(name.c_str()) {}

  /// All names; empty where the file system has none.
  Result<std::vector<std::string>> list() const;
  /// nullopt: not there.
  Result<std::optional<ByteVec>> get(const std::string& name) const;
  /// Octets of the value; nullopt: not there.
  Result<std::optional<std::size_t>> size(const std::string& name) const;
  Result<void> set(const Credentials& who, const std::string& name, Bytes value,
                   int flags = 0) const;
  /// Not being there is success.
  Result<void> remove(const Credentials& who, const std::string& name) const;

 private:
  ssize_t list_into(char* out, std::size_t size) const;
  ssize_t get_into(const char* name, void* out, std::size_t size) const;

  int fd_;
  const char* name_ = nullptr;
};

/// Whether the kernel would let the user use the object so (R_OK, W_OK). Always, when nobody acts
/// as a user: then core's access check alone decides.
Result<void> check_access(const Credentials& who, int fd, int wanted);

/// Whether the kernel would let the caller (the service itself when nobody acts as a user) remove
/// an object of this owner from an open directory: kAccessDenied, kMediaWriteProtected.
Result<void> check_remove_from(const Credentials& who, int directory, std::uint32_t owner);

/// The process itself, for what Holdfast does on its own account.
const Credentials& service();

}  // namespace holdfast::platform::posix
