// SPDX-License-Identifier: Apache-2.0
#include "base/nt_status.h"

#include <algorithm>
#include <iterator>

namespace holdfast {
namespace {

struct Name {
  NtStatus status;
  std::string_view name;
};
// Ordered by value: searched by bisection.
constexpr Name kNames[] = {
    {NtStatus::kSuccess, "STATUS_SUCCESS"},
    {NtStatus::kTimeout, "STATUS_TIMEOUT"},
    {NtStatus::kPending, "STATUS_PENDING"},
    {NtStatus::kSomeNotMapped, "STATUS_SOME_NOT_MAPPED"},
    {NtStatus::kOplockBreakInProgress, "STATUS_OPLOCK_BREAK_IN_PROGRESS"},
    {NtStatus::kNotifyCleanup, "STATUS_NOTIFY_CLEANUP"},
    {NtStatus::kNotifyEnumDir, "STATUS_NOTIFY_ENUM_DIR"},
    {NtStatus::kReparseObject, "STATUS_REPARSE_OBJECT"},
    {NtStatus::kBufferOverflow, "STATUS_BUFFER_OVERFLOW"},
    {NtStatus::kNoMoreFiles, "STATUS_NO_MORE_FILES"},
    {NtStatus::kInvalidEaName, "STATUS_INVALID_EA_NAME"},
    {NtStatus::kEaListInconsistent, "STATUS_EA_LIST_INCONSISTENT"},
    {NtStatus::kInvalidEaFlag, "STATUS_INVALID_EA_FLAG"},
    {NtStatus::kNoMoreEntries, "STATUS_NO_MORE_ENTRIES"},
    {NtStatus::kStoppedOnSymlink, "STATUS_STOPPED_ON_SYMLINK"},
    {NtStatus::kUnsuccessful, "STATUS_UNSUCCESSFUL"},
    {NtStatus::kNotImplemented, "STATUS_NOT_IMPLEMENTED"},
    {NtStatus::kInvalidInfoClass, "STATUS_INVALID_INFO_CLASS"},
    {NtStatus::kInfoLengthMismatch, "STATUS_INFO_LENGTH_MISMATCH"},
    {NtStatus::kInvalidHandle, "STATUS_INVALID_HANDLE"},
    {NtStatus::kInvalidParameter, "STATUS_INVALID_PARAMETER"},
    {NtStatus::kNoSuchDevice, "STATUS_NO_SUCH_DEVICE"},
    {NtStatus::kNoSuchFile, "STATUS_NO_SUCH_FILE"},
    {NtStatus::kInvalidDeviceRequest, "STATUS_INVALID_DEVICE_REQUEST"},
    {NtStatus::kEndOfFile, "STATUS_END_OF_FILE"},
    {NtStatus::kMoreProcessingRequired, "STATUS_MORE_PROCESSING_REQUIRED"},
    {NtStatus::kNoMemory, "STATUS_NO_MEMORY"},
    {NtStatus::kInvalidViewSize, "STATUS_INVALID_VIEW_SIZE"},
    {NtStatus::kAlreadyCommitted, "STATUS_ALREADY_COMMITTED"},
    {NtStatus::kAccessDenied, "STATUS_ACCESS_DENIED"},
    {NtStatus::kBufferTooSmall, "STATUS_BUFFER_TOO_SMALL"},
    {NtStatus::kObjectTypeMismatch, "STATUS_OBJECT_TYPE_MISMATCH"},
    {NtStatus::kNotLocked, "STATUS_NOT_LOCKED"},
    {NtStatus::kObjectNameInvalid, "STATUS_OBJECT_NAME_INVALID"},
    {NtStatus::kObjectNameNotFound, "STATUS_OBJECT_NAME_NOT_FOUND"},
    {NtStatus::kObjectNameCollision, "STATUS_OBJECT_NAME_COLLISION"},
    {NtStatus::kObjectPathInvalid, "STATUS_OBJECT_PATH_INVALID"},
    {NtStatus::kObjectPathNotFound, "STATUS_OBJECT_PATH_NOT_FOUND"},
    {NtStatus::kObjectPathSyntaxBad, "STATUS_OBJECT_PATH_SYNTAX_BAD"},
    {NtStatus::kSharingViolation, "STATUS_SHARING_VIOLATION"},
    {NtStatus::kQuotaExceeded, "STATUS_QUOTA_EXCEEDED"},
    {NtStatus::kEasNotSupported, "STATUS_EAS_NOT_SUPPORTED"},
    {NtStatus::kEaTooLarge, "STATUS_EA_TOO_LARGE"},
    {NtStatus::kNonexistentEaEntry, "STATUS_NONEXISTENT_EA_ENTRY"},
    {NtStatus::kNoEasOnFile, "STATUS_NO_EAS_ON_FILE"},
    {NtStatus::kFileLockConflict, "STATUS_FILE_LOCK_CONFLICT"},
    {NtStatus::kLockNotGranted, "STATUS_LOCK_NOT_GRANTED"},
    {NtStatus::kDeletePending, "STATUS_DELETE_PENDING"},
    {NtStatus::kUnknownRevision, "STATUS_UNKNOWN_REVISION"},
    {NtStatus::kRevisionMismatch, "STATUS_REVISION_MISMATCH"},
    {NtStatus::kInvalidOwner, "STATUS_INVALID_OWNER"},
    {NtStatus::kNoSuchPrivilege, "STATUS_NO_SUCH_PRIVILEGE"},
    {NtStatus::kPrivilegeNotHeld, "STATUS_PRIVILEGE_NOT_HELD"},
    {NtStatus::kNoSuchUser, "STATUS_NO_SUCH_USER"},
    {NtStatus::kWrongPassword, "STATUS_WRONG_PASSWORD"},
    {NtStatus::kLogonFailure, "STATUS_LOGON_FAILURE"},
    {NtStatus::kAccountRestriction, "STATUS_ACCOUNT_RESTRICTION"},
    {NtStatus::kInvalidLogonHours, "STATUS_INVALID_LOGON_HOURS"},
    {NtStatus::kInvalidWorkstation, "STATUS_INVALID_WORKSTATION"},
    {NtStatus::kPasswordExpired, "STATUS_PASSWORD_EXPIRED"},
    {NtStatus::kAccountDisabled, "STATUS_ACCOUNT_DISABLED"},
    {NtStatus::kNoneMapped, "STATUS_NONE_MAPPED"},
    {NtStatus::kInvalidAcl, "STATUS_INVALID_ACL"},
    {NtStatus::kInvalidSid, "STATUS_INVALID_SID"},
    {NtStatus::kInvalidSecurityDescr, "STATUS_INVALID_SECURITY_DESCR"},
    {NtStatus::kRangeNotLocked, "STATUS_RANGE_NOT_LOCKED"},
    {NtStatus::kDiskFull, "STATUS_DISK_FULL"},
    {NtStatus::kFileInvalid, "STATUS_FILE_INVALID"},
    {NtStatus::kAllottedSpaceExceeded, "STATUS_ALLOTTED_SPACE_EXCEEDED"},
    {NtStatus::kInsufficientResources, "STATUS_INSUFFICIENT_RESOURCES"},
    {NtStatus::kMediaWriteProtected, "STATUS_MEDIA_WRITE_PROTECTED"},
    {NtStatus::kDeviceNotReady, "STATUS_DEVICE_NOT_READY"},
    {NtStatus::kBadImpersonationLevel, "STATUS_BAD_IMPERSONATION_LEVEL"},
    {NtStatus::kPipeNotAvailable, "STATUS_PIPE_NOT_AVAILABLE"},
    {NtStatus::kInvalidPipeState, "STATUS_INVALID_PIPE_STATE"},
    {NtStatus::kPipeBusy, "STATUS_PIPE_BUSY"},
    {NtStatus::kPipeDisconnected, "STATUS_PIPE_DISCONNECTED"},
    {NtStatus::kPipeClosing, "STATUS_PIPE_CLOSING"},
    {NtStatus::kIoTimeout, "STATUS_IO_TIMEOUT"},
    {NtStatus::kFileForcedClosed, "STATUS_FILE_FORCED_CLOSED"},
    {NtStatus::kFileIsADirectory, "STATUS_FILE_IS_A_DIRECTORY"},
    {NtStatus::kNotSupported, "STATUS_NOT_SUPPORTED"},
    {NtStatus::kDuplicateName, "STATUS_DUPLICATE_NAME"},
    {NtStatus::kBadNetworkPath, "STATUS_BAD_NETWORK_PATH"},
    {NtStatus::kInvalidNetworkResponse, "STATUS_INVALID_NETWORK_RESPONSE"},
    {NtStatus::kUnexpectedNetworkError, "STATUS_UNEXPECTED_NETWORK_ERROR"},
    {NtStatus::kNetworkNameDeleted, "STATUS_NETWORK_NAME_DELETED"},
    {NtStatus::kNetworkAccessDenied, "STATUS_NETWORK_ACCESS_DENIED"},
    {NtStatus::kBadDeviceType, "STATUS_BAD_DEVICE_TYPE"},
    {NtStatus::kBadNetworkName, "STATUS_BAD_NETWORK_NAME"},
    {NtStatus::kRequestNotAccepted, "STATUS_REQUEST_NOT_ACCEPTED"},
    {NtStatus::kNotSameDevice, "STATUS_NOT_SAME_DEVICE"},
    {NtStatus::kPipeEmpty, "STATUS_PIPE_EMPTY"},
    {NtStatus::kInvalidOplockProtocol, "STATUS_INVALID_OPLOCK_PROTOCOL"},
    {NtStatus::kInternalError, "STATUS_INTERNAL_ERROR"},
    {NtStatus::kUnexpectedIoError, "STATUS_UNEXPECTED_IO_ERROR"},
    {NtStatus::kDirectoryNotEmpty, "STATUS_DIRECTORY_NOT_EMPTY"},
    {NtStatus::kNotADirectory, "STATUS_NOT_A_DIRECTORY"},
    {NtStatus::kNameTooLong, "STATUS_NAME_TOO_LONG"},
    {NtStatus::kFilesOpen, "STATUS_FILES_OPEN"},
    {NtStatus::kTooManyOpenedFiles, "STATUS_TOO_MANY_OPENED_FILES"},
    {NtStatus::kCancelled, "STATUS_CANCELLED"},
    {NtStatus::kCannotDelete, "STATUS_CANNOT_DELETE"},
    {NtStatus::kFileDeleted, "STATUS_FILE_DELETED"},
    {NtStatus::kFileClosed, "STATUS_FILE_CLOSED"},
    {NtStatus::kTimeDifferenceAtDc, "STATUS_TIME_DIFFERENCE_AT_DC"},
    {NtStatus::kInvalidDeviceState, "STATUS_INVALID_DEVICE_STATE"},
    {NtStatus::kIoDeviceError, "STATUS_IO_DEVICE_ERROR"},
    {NtStatus::kInvalidLockRange, "STATUS_INVALID_LOCK_RANGE"},
    {NtStatus::kUserSessionDeleted, "STATUS_USER_SESSION_DELETED"},
    {NtStatus::kInsufficientServerResources, "STATUS_INSUFFICIENT_SERVER_RESOURCES"},
    {NtStatus::kInvalidBufferSize, "STATUS_INVALID_BUFFER_SIZE"},
    {NtStatus::kConnectionDisconnected, "STATUS_CONNECTION_DISCONNECTED"},
    {NtStatus::kConnectionReset, "STATUS_CONNECTION_RESET"},
    {NtStatus::kNotFound, "STATUS_NOT_FOUND"},
    {NtStatus::kRetryLater, "STATUS_RETRY_LATER"},
    {NtStatus::kConnectionRefused, "STATUS_CONNECTION_REFUSED"},
    {NtStatus::kBadCompressionBuffer, "STATUS_BAD_COMPRESSION_BUFFER"},
    {NtStatus::kUserMappedFile, "STATUS_USER_MAPPED_FILE"},
    {NtStatus::kPathNotCovered, "STATUS_PATH_NOT_COVERED"},
    {NtStatus::kUnsupportedCompression, "STATUS_UNSUPPORTED_COMPRESSION"},
    {NtStatus::kTooManyLinks, "STATUS_TOO_MANY_LINKS"},
    {NtStatus::kVolumeDismounted, "STATUS_VOLUME_DISMOUNTED"},
    {NtStatus::kNotAReparsePoint, "STATUS_NOT_A_REPARSE_POINT"},
    {NtStatus::kIoReparseTagInvalid, "STATUS_IO_REPARSE_TAG_INVALID"},
    {NtStatus::kIoReparseTagMismatch, "STATUS_IO_REPARSE_TAG_MISMATCH"},
    {NtStatus::kIoReparseDataInvalid, "STATUS_IO_REPARSE_DATA_INVALID"},
    {NtStatus::kIoReparseTagNotHandled, "STATUS_IO_REPARSE_TAG_NOT_HANDLED"},
    {NtStatus::kDirectoryIsAReparsePoint, "STATUS_DIRECTORY_IS_A_REPARSE_POINT"},
    {NtStatus::kFileEncrypted, "STATUS_FILE_ENCRYPTED"},
    {NtStatus::kCannotMake, "STATUS_CANNOT_MAKE"},
    {NtStatus::kNetworkSessionExpired, "STATUS_NETWORK_SESSION_EXPIRED"},
    {NtStatus::kFileSystemLimitation, "STATUS_FILE_SYSTEM_LIMITATION"},
    {NtStatus::kRequestOutOfSequence, "STATUS_REQUEST_OUT_OF_SEQUENCE"},
    {NtStatus::kInvalidToken, "STATUS_INVALID_TOKEN"},
    {NtStatus::kServerUnavailable, "STATUS_SERVER_UNAVAILABLE"},
    {NtStatus::kFileNotAvailable, "STATUS_FILE_NOT_AVAILABLE"},
    {NtStatus::kSymlinkClassDisabled, "STATUS_SYMLINK_CLASS_DISABLED"},
    {NtStatus::kVirusInfected, "STATUS_VIRUS_INFECTED"},
    {NtStatus::kCannotBreakOplock, "STATUS_CANNOT_BREAK_OPLOCK"},
    {NtStatus::kHashNotSupported, "STATUS_HASH_NOT_SUPPORTED"},
    {NtStatus::kOffloadReadFltNotSupported, "STATUS_OFFLOAD_READ_FLT_NOT_SUPPORTED"},
    {NtStatus::kOffloadWriteFltNotSupported, "STATUS_OFFLOAD_WRITE_FLT_NOT_SUPPORTED"},
    {NtStatus::kHandleNoLongerValid, "STATUS_HANDLE_NO_LONGER_VALID"},
    {NtStatus::kSmbNoPreauthIntegrityHashOverlap, "STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP"},
    {NtStatus::kSmbBadClusterDialect, "STATUS_SMB_BAD_CLUSTER_DIALECT"},
};

}  // namespace

std::string_view status_name(NtStatus status) {
  const Name* end = std::end(kNames);
  const Name* found = std::lower_bound(
      std::begin(kNames), end, status, [](const Name& n, NtStatus s) { return n.status < s; });
  return found != end && found->status == status ? found->name : std::string_view{};
}

std::string to_string(NtStatus status) {
  if (std::string_view name = status_name(status); !name.empty()) return std::string(name);
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4)
    text += kHex[static_cast<std::uint32_t>(status) >> shift & 15];
  return text;
}

}  // namespace holdfast
