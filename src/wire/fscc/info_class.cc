// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/info_class.h"

#include "wire/dtyp/access_mask.h"

namespace holdfast::wire::fscc {
namespace {

namespace access = dtyp::access;

constexpr bool kYes = true;
constexpr bool kNo = false;

constexpr InfoClassRow file_row(FileInfoClass c, std::string_view name) {
  return {static_cast<std::uint8_t>(c), name, kNo, kNo, kNo, kNo, 0, 0, 0, 0};
}
constexpr InfoClassRow fixed(FileInfoClass c, std::string_view name, std::uint16_t size,
                             std::uint32_t query_access = 0) {
  return {static_cast<std::uint8_t>(c), name, kYes, kNo, kNo, kYes, size, 0, query_access, 0};
}
constexpr InfoClassRow varying(FileInfoClass c, std::string_view name, std::uint16_t least,
                               std::uint32_t query_access = 0) {
  return {static_cast<std::uint8_t>(c), name, kYes, kNo, kNo, kNo, least, 0, query_access, 0};
}
constexpr InfoClassRow directory(FileInfoClass c, std::string_view name, std::uint16_t least) {
  return {static_cast<std::uint8_t>(c), name, kYes, kNo, kYes, kNo, least, 0, 0, 0};
}
/// The row with setting allowed too.
constexpr InfoClassRow settable(InfoClassRow row, std::uint16_t least, std::uint32_t set_access) {
  row.set = kYes;
  row.set_minimum = least;
  row.set_access = set_access;
  return row;
}

// Minimum sizes of answers with a name are those of the C structures with their padding, as Windows
// compares them (FILE_ALL_INFORMATION 104, FILE_NAME_INFORMATION 8, FILE_STREAM_INFORMATION 32).
constexpr InfoClassRow kFileRows[] = {
    directory(FileInfoClass::kDirectory, "FileDirectoryInformation", 64),
    directory(FileInfoClass::kFullDirectory, "FileFullDirectoryInformation", 68),
    directory(FileInfoClass::kBothDirectory, "FileBothDirectoryInformation", 94),
    settable(fixed(FileInfoClass::kBasic, "FileBasicInformation", 40, access::kReadAttributes), 40,
             access::kWriteAttributes),
    fixed(FileInfoClass::kStandard, "FileStandardInformation", 24),
    fixed(FileInfoClass::kInternal, "FileInternalInformation", 8),
    fixed(FileInfoClass::kEa, "FileEaInformation", 4),
    fixed(FileInfoClass::kAccess, "FileAccessInformation", 4),
    file_row(FileInfoClass::kName, "FileNameInformation"),
    settable(file_row(FileInfoClass::kRename, "FileRenameInformation"), 20, access::kDelete),
    settable(file_row(FileInfoClass::kLink, "FileLinkInformation"), 20, 0),
    directory(FileInfoClass::kNames, "FileNamesInformation", 12),
    settable(file_row(FileInfoClass::kDisposition, "FileDispositionInformation"), 1,
             access::kDelete),
    settable(fixed(FileInfoClass::kPosition, "FilePositionInformation", 8), 8, 0),
    settable(varying(FileInfoClass::kFullEa, "FileFullEaInformation", 8, access::kReadEa), 8,
             access::kWriteEa),
    settable(fixed(FileInfoClass::kMode, "FileModeInformation", 4), 4, 0),
    fixed(FileInfoClass::kAlignment, "FileAlignmentInformation", 4),
    varying(FileInfoClass::kAll, "FileAllInformation", 104, access::kReadAttributes),
    settable(file_row(FileInfoClass::kAllocation, "FileAllocationInformation"), 8,
             access::kWriteData),
    settable(file_row(FileInfoClass::kEndOfFile, "FileEndOfFileInformation"), 8,
             access::kWriteData),
    varying(FileInfoClass::kAlternateName, "FileAlternateNameInformation", 8),
    varying(FileInfoClass::kStream, "FileStreamInformation", 32),
    settable(fixed(FileInfoClass::kPipe, "FilePipeInformation", 8, access::kReadAttributes), 8,
             access::kWriteAttributes),
    fixed(FileInfoClass::kPipeLocal, "FilePipeLocalInformation", 40, access::kReadAttributes),
    fixed(FileInfoClass::kPipeRemote, "FilePipeRemoteInformation", 16, access::kReadAttributes),
    file_row(FileInfoClass::kMailslotQuery, "FileMailslotQueryInformation"),
    file_row(FileInfoClass::kMailslotSet, "FileMailslotSetInformation"),
    fixed(FileInfoClass::kCompression, "FileCompressionInformation", 16),
    file_row(FileInfoClass::kObjectId, "FileObjectIdInformation"),
    file_row(FileInfoClass::kMoveCluster, "FileMoveClusterInformation"),
    file_row(FileInfoClass::kQuota, "FileQuotaInformation"),
    file_row(FileInfoClass::kReparsePoint, "FileReparsePointInformation"),
    fixed(FileInfoClass::kNetworkOpen, "FileNetworkOpenInformation", 56, access::kReadAttributes),
    fixed(FileInfoClass::kAttributeTag, "FileAttributeTagInformation", 8, access::kReadAttributes),
    file_row(FileInfoClass::kTracking, "FileTrackingInformation"),
    directory(FileInfoClass::kIdBothDirectory, "FileIdBothDirectoryInformation", 104),
    directory(FileInfoClass::kIdFullDirectory, "FileIdFullDirectoryInformation", 80),
    settable(file_row(FileInfoClass::kValidDataLength, "FileValidDataLengthInformation"), 8,
             access::kWriteData),
    settable(file_row(FileInfoClass::kShortName, "FileShortNameInformation"), 4, access::kDelete),
    file_row(FileInfoClass::kSfioReserve, "FileSfioReserveInformation"),
    file_row(FileInfoClass::kSfioVolume, "FileSfioVolumeInformation"),
    file_row(FileInfoClass::kHardLink, "FileHardLinkInformation"),
    varying(FileInfoClass::kNormalizedName, "FileNormalizedNameInformation", 8),
    file_row(FileInfoClass::kIdGlobalTxDirectory, "FileIdGlobalTxDirectoryInformation"),
    file_row(FileInfoClass::kStandardLink, "FileStandardLinkInformation"),
    fixed(FileInfoClass::kId, "FileIdInformation", 24),
    directory(FileInfoClass::kIdExtdDirectory, "FileIdExtdDirectoryInformation", 88),
    settable(file_row(FileInfoClass::kDispositionEx, "FileDispositionInformationEx"), 4,
             access::kDelete),
    settable(file_row(FileInfoClass::kRenameEx, "FileRenameInformationEx"), 20, access::kDelete),
    settable(fixed(FileInfoClass::kCaseSensitive, "FileCaseSensitiveInformation", 4,
                   access::kReadAttributes),
             4, access::kWriteAttributes),
    settable(file_row(FileInfoClass::kLinkEx, "FileLinkInformationEx"), 20, 0),
    directory(FileInfoClass::kId64ExtdDirectory, "FileId64ExtdDirectoryInformation", 80),
    directory(FileInfoClass::kId64ExtdBothDirectory, "FileId64ExtdBothDirectoryInformation", 106),
    directory(FileInfoClass::kIdAllExtdDirectory, "FileIdAllExtdDirectoryInformation", 96),
    directory(FileInfoClass::kIdAllExtdBothDirectory, "FileIdAllExtdBothDirectoryInformation", 122),
    varying(FileInfoClass::kPosix, "FilePosixInformation", 80, access::kReadAttributes),
};

constexpr InfoClassRow fs_row(FsInfoClass c, std::string_view name, bool query, bool is_fixed,
                              std::uint16_t size) {
  return {static_cast<std::uint8_t>(c), name, query, kNo, kNo, is_fixed, size, 0, 0, 0};
}

// As above: FILE_FS_VOLUME_INFORMATION 24, FILE_FS_ATTRIBUTE_INFORMATION 16.
constexpr InfoClassRow kFsRows[] = {
    fs_row(FsInfoClass::kVolume, "FileFsVolumeInformation", kYes, kNo, 24),
    fs_row(FsInfoClass::kLabel, "FileFsLabelInformation", kNo, kNo, 0),
    fs_row(FsInfoClass::kSize, "FileFsSizeInformation", kYes, kYes, 24),
    fs_row(FsInfoClass::kDevice, "FileFsDeviceInformation", kYes, kYes, 8),
    fs_row(FsInfoClass::kAttribute, "FileFsAttributeInformation", kYes, kNo, 16),
    settable(fs_row(FsInfoClass::kControl, "FileFsControlInformation", kYes, kYes, 48), 48,
             access::kWriteData),
    fs_row(FsInfoClass::kFullSize, "FileFsFullSizeInformation", kYes, kYes, 32),
    settable(fs_row(FsInfoClass::kObjectId, "FileFsObjectIdInformation", kYes, kYes, 64), 64,
             access::kWriteData),
    fs_row(FsInfoClass::kDriverPath, "FileFsDriverPathInformation", kNo, kNo, 0),
    fs_row(FsInfoClass::kVolumeFlags, "FileFsVolumeFlagsInformation", kNo, kYes, 0),
    fs_row(FsInfoClass::kSectorSize, "FileFsSectorSizeInformation", kYes, kYes, 28),
    fs_row(FsInfoClass::kPosix, "FileFsPosixInformation", kYes, kYes, 56),
};

template <std::size_t N>
const InfoClassRow* find(const InfoClassRow (&rows)[N], std::uint8_t info_class) {
  for (const InfoClassRow& row : rows)
    if (row.info_class == info_class) return &row;
  return nullptr;
}

/// Documented for setting, and not carried by SMB2 SET_INFO with this information type.
bool is_set_elsewhere(const InfoClassRow& row, bool file_system) {
  if (!file_system) return row.info_class == static_cast<std::uint8_t>(FileInfoClass::kQuota);
  return row.info_class == static_cast<std::uint8_t>(FsInfoClass::kLabel) ||
         row.info_class == static_cast<std::uint8_t>(FsInfoClass::kDriverPath);
}

NtStatus query_status(const InfoClassRow* row) {
  if (row == nullptr) return NtStatus::kInvalidInfoClass;
  return row->query && !row->directory ? NtStatus::kSuccess : NtStatus::kNotSupported;
}

NtStatus set_status(const InfoClassRow* row, bool file_system) {
  if (row == nullptr) return NtStatus::kInvalidInfoClass;
  if (row->set) return NtStatus::kSuccess;
  return is_set_elsewhere(*row, file_system) ? NtStatus::kNotSupported
                                             : NtStatus::kInvalidInfoClass;
}

}  // namespace

const InfoClassRow* file_info_row(std::uint8_t info_class) { return find(kFileRows, info_class); }
const InfoClassRow* fs_info_row(std::uint8_t info_class) { return find(kFsRows, info_class); }

NtStatus query_file_status(std::uint8_t info_class) {
  return query_status(file_info_row(info_class));
}
NtStatus query_fs_status(std::uint8_t info_class) { return query_status(fs_info_row(info_class)); }
NtStatus set_file_status(std::uint8_t info_class) {
  return set_status(file_info_row(info_class), false);
}
NtStatus set_fs_status(std::uint8_t info_class) {
  return set_status(fs_info_row(info_class), true);
}

}  // namespace holdfast::wire::fscc
