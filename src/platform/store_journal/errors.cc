// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/errors.h"

#include <cerrno>
#include <system_error>

namespace holdfast::platform::store {

ports::StoreError error_of(int error, const std::string& what) {
  std::string text = "Cannot " + what + ": " + std::generic_category().message(error) + ".";
  switch (error) {
    case ENOSPC: return {NtStatus::kDiskFull, text + " Make room on this volume."};
    case EDQUOT: return {NtStatus::kDiskFull, text + " Raise the quota of the server's account."};
    case EROFS:
      return {NtStatus::kMediaWriteProtected,
              text + " The volume is mounted read-only; a state store must be writable."};
    case EACCES:
    case EPERM:
      return {NtStatus::kAccessDenied, text + " The server's account must be allowed to do this."};
    case ENOENT: return {NtStatus::kObjectNameNotFound, text};
    default: return {NtStatus::kUnexpectedIoError, text};
  }
}

}  // namespace holdfast::platform::store
