// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/file_io.h"

#include <unistd.h>

#include <cerrno>

namespace holdfast::platform {

void FileOp::perform() {
  ssize_t n = -1;
  do {
    switch (kind_) {
      case Kind::kRead: n = ::pread(fd_, data_, size_, static_cast<off_t>(offset_)); break;
      case Kind::kWrite: n = ::pwrite(fd_, data_, size_, static_cast<off_t>(offset_)); break;
      case Kind::kSync: n = ::fsync(fd_); break;
      case Kind::kDataSync: n = ::fdatasync(fd_); break;
    }
  } while (n < 0 && errno == EINTR);
  result_ = n < 0 ? -errno : n;
}

}  // namespace holdfast::platform
