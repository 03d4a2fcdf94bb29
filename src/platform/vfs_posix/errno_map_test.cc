// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/errno_map.h"

#include <gtest/gtest.h>

namespace holdfast::platform::posix {
namespace {

TEST(ErrnoMap, SaysWhatClientsUnderstand) {
  const std::pair<int, NtStatus> kExpected[] = {
      {ENOENT, NtStatus::kObjectNameNotFound},
      {EACCES, NtStatus::kAccessDenied},
      {EEXIST, NtStatus::kObjectNameCollision},
      {ENOSPC, NtStatus::kDiskFull},
      {EDQUOT, NtStatus::kDiskFull},
      {EFBIG, NtStatus::kDiskFull},
      {EIO, NtStatus::kIoDeviceError},
      {EROFS, NtStatus::kMediaWriteProtected},
      {EMFILE, NtStatus::kTooManyOpenedFiles},
      {ENFILE, NtStatus::kTooManyOpenedFiles},
      {ESTALE, NtStatus::kFileInvalid},
      {ENOTEMPTY, NtStatus::kDirectoryNotEmpty},
      {ENAMETOOLONG, NtStatus::kObjectNameInvalid},
  };
  for (auto [error, status] : kExpected) EXPECT_EQ(status_of_errno(error), status) << error;
  // Every errno is an error to the client.
  for (int error = 1; error < 140; ++error) EXPECT_TRUE(is_error(status_of_errno(error))) << error;
}

}  // namespace
}  // namespace holdfast::platform::posix
