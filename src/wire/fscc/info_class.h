// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/nt_status.h"

namespace holdfast::wire::fscc {

/// File information classes (MS-FSCC 2.4), and 100 of the SMB3 POSIX extensions.
enum class FileInfoClass : std::uint8_t {
  kDirectory = 1,
  kFullDirectory = 2,
  kBothDirectory = 3,
  kBasic = 4,
  kStandard = 5,
  kInternal = 6,
  kEa = 7,
  kAccess = 8,
  kName = 9,
  kRename = 10,
  kLink = 11,
  kNames = 12,
  kDisposition = 13,
  kPosition = 14,
  kFullEa = 15,
  kMode = 16,
  kAlignment = 17,
  kAll = 18,
  kAllocation = 19,
  kEndOfFile = 20,
  kAlternateName = 21,
  kStream = 22,
  kPipe = 23,
  kPipeLocal = 24,
  kPipeRemote = 25,
  kMailslotQuery = 26,
  kMailslotSet = 27,
  kCompression = 28,
  kObjectId = 29,
  kMoveCluster = 31,
  kQuota = 32,
  kReparsePoint = 33,
  kNetworkOpen = 34,
  kAttributeTag = 35,
  kTracking = 36,
  kIdBothDirectory = 37,
  kIdFullDirectory = 38,
  kValidDataLength = 39,
  kShortName = 40,
  kSfioReserve = 44,
  kSfioVolume = 45,
  kHardLink = 46,
  kNormalizedName = 48,
  kIdGlobalTxDirectory = 50,
  kStandardLink = 54,
  kId = 59,
  kIdExtdDirectory = 60,
  kDispositionEx = 64,
  kRenameEx = 65,
  kCaseSensitive = 71,
  kLinkEx = 72,
  kId64ExtdDirectory = 78,
  kId64ExtdBothDirectory = 79,
  kIdAllExtdDirectory = 80,
  kIdAllExtdBothDirectory = 81,
  kPosix = 100,
};

/// File system information classes (MS-FSCC 2.5), and 100 of the SMB3 POSIX extensions.
enum class FsInfoClass : std::uint8_t {
  kVolume = 1,
  kLabel = 2,
  kSize = 3,
  kDevice = 4,
  kAttribute = 5,
  kControl = 6,
  kFullSize = 7,
  kObjectId = 8,
  kDriverPath = 9,
  kVolumeFlags = 10,
  kSectorSize = 11,
  kPosix = 100,
};

/// What a server must know about an information class before it looks at the buffer.
struct InfoClassRow {
  std::uint8_t info_class;
  /// "FileBasicInformation".
  std::string_view name;
  /// May be queried with SMB2 QUERY_INFO (for directory classes: with QUERY_DIRECTORY).
  bool query;
  /// May be set with SMB2 SET_INFO.
  bool set;
  /// Answers in QUERY_DIRECTORY only.
  bool directory;
  /// The whole answer has query_minimum octets; otherwise it is at least as long.
  bool fixed;
  /// Smallest OutputBufferLength for which a query is tried: less is STATUS_INFO_LENGTH_MISMATCH;
  /// a longer answer that does not fit is cut with STATUS_BUFFER_OVERFLOW.
  std::uint16_t query_minimum;
  /// Smallest buffer of a set: less is STATUS_INFO_LENGTH_MISMATCH.
  std::uint16_t set_minimum;
  /// Open.GrantedAccess must hold all of these bits, else STATUS_ACCESS_DENIED
  /// (MS-SMB2 3.3.5.20.1, 3.3.5.21.1). 0: none.
  std::uint32_t query_access;
  std::uint32_t set_access;
};

/// The row of a class that MS-FSCC documents; nullptr for any other number.
const InfoClassRow* file_info_row(std::uint8_t info_class);
const InfoClassRow* fs_info_row(std::uint8_t info_class);

/// STATUS_SUCCESS, or why a class is refused before its buffer and rights are looked at:
/// STATUS_INVALID_INFO_CLASS for one that MS-FSCC does not document (or not for setting),
/// STATUS_NOT_SUPPORTED for one that SMB2 does not carry
/// (MS-SMB2 3.3.5.20.1, 3.3.5.20.2, 3.3.5.21.1, 3.3.5.21.2).
NtStatus query_file_status(std::uint8_t info_class);
NtStatus query_fs_status(std::uint8_t info_class);
NtStatus set_file_status(std::uint8_t info_class);
NtStatus set_fs_status(std::uint8_t info_class);

}  // namespace holdfast::wire::fscc
