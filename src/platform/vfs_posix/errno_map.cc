// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/errno_map.h"

namespace holdfast::platform::posix {

NtStatus status_of_errno(int error) {
  switch (error) {
    case 0: return NtStatus::kSuccess;
    case EPERM:
    case EACCES:
    // openat2(RESOLVE_BENEATH) met a link that leaves the share; rename() and link() never see this
    // (they say kNotSameDevice themselves).
    case EXDEV:
    case ELOOP: return NtStatus::kAccessDenied;
    case ENOENT: return NtStatus::kObjectNameNotFound;
    case ENOTDIR: return NtStatus::kObjectPathNotFound;
    case EISDIR: return NtStatus::kFileIsADirectory;
    case EEXIST: return NtStatus::kObjectNameCollision;
    case ENOTEMPTY: return NtStatus::kDirectoryNotEmpty;
    case EINVAL: return NtStatus::kInvalidParameter;
    case ENAMETOOLONG:
    case EILSEQ: return NtStatus::kObjectNameInvalid;
    // A quota of the user looks like a full disk to the user's programs; Windows says the same.
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return NtStatus::kDiskFull;
    case EROFS: return NtStatus::kMediaWriteProtected;
    case EMFILE:
    case ENFILE: return NtStatus::kTooManyOpenedFiles;
    case EMLINK: return NtStatus::kTooManyLinks;
    case ENOMEM:
    case ENOBUFS: return NtStatus::kInsufficientResources;
    case EIO:
    case EUCLEAN: return NtStatus::kIoDeviceError;
    case ENODEV:
    case ENXIO: return NtStatus::kNoSuchDevice;
    case ENOTCONN:
    case ESHUTDOWN: return NtStatus::kVolumeDismounted;
    // The object is gone behind our back (NFS, or a file system that was shut down).
    case ESTALE: return NtStatus::kFileInvalid;
    case EBUSY:
    case ETXTBSY: return NtStatus::kSharingViolation;
    case EOPNOTSUPP:
    case ENOSYS:
    case ENOTTY: return NtStatus::kNotSupported;
    case ERANGE:
    case E2BIG: return NtStatus::kFileSystemLimitation;
    case EBADF: return NtStatus::kAccessDenied;
    case EAGAIN:
    case EINTR: return NtStatus::kRetryLater;
    case ETIMEDOUT: return NtStatus::kIoTimeout;
    case ECANCELED: return NtStatus::kCancelled;
    default: return NtStatus::kUnexpectedIoError;
  }
}

}  // namespace holdfast::platform::posix
