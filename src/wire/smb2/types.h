// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "base/guid.h"
#include "base/nt_status.h"
#include "base/nt_time.h"
#include "wire/message.h"

/// Values shared by several messages of MS-SMB2. What excludes each other is an enum (the network
/// may send values that have no name); what combines is a namespace of bits beside a plain integer.
namespace holdfast::wire::smb2 {

/// Octets of the SMB2 header (MS-SMB2 2.2.1).
inline constexpr std::size_t kHeaderSize = 64;

/// MS-SMB2 2.2.14.1.
struct FileId {
  std::uint64_t persistent = 0;
  std::uint64_t volatile_id = 0;

  auto operator<=>(const FileId&) const = default;
  /// All ones: "the file of the request before" in a related compound (MS-SMB2 3.3.5.2.7.2).
  bool is_all_ones() const { return persistent == ~0ull && volatile_id == ~0ull; }
  static constexpr FileId all_ones() { return {~0ull, ~0ull}; }

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(persistent));
    v.field(HF_FIELD(volatile_id));
  }
};

/// MS-SMB2 2.2.3, 2.2.4.
namespace Dialect {
inline constexpr std::uint16_t kSmb202 = 0x0202;
inline constexpr std::uint16_t kSmb210 = 0x0210;
inline constexpr std::uint16_t kSmb300 = 0x0300;
inline constexpr std::uint16_t kSmb302 = 0x0302;
inline constexpr std::uint16_t kSmb311 = 0x0311;
/// Answer to a multi-protocol negotiate with "SMB 2.???".
inline constexpr std::uint16_t kSmb2Wildcard = 0x02FF;
}  // namespace Dialect

/// SecurityMode of NEGOTIATE and SESSION_SETUP (MS-SMB2 2.2.3, 2.2.5).
namespace SecurityMode {
inline constexpr std::uint16_t kSigningEnabled = 0x0001;
inline constexpr std::uint16_t kSigningRequired = 0x0002;
}  // namespace SecurityMode

/// Capabilities of NEGOTIATE (MS-SMB2 2.2.3, 2.2.4).
namespace GlobalCap {
inline constexpr std::uint32_t kDfs = 0x00000001;
inline constexpr std::uint32_t kLeasing = 0x00000002;
inline constexpr std::uint32_t kLargeMtu = 0x00000004;
inline constexpr std::uint32_t kMultiChannel = 0x00000008;
inline constexpr std::uint32_t kPersistentHandles = 0x00000010;
inline constexpr std::uint32_t kDirectoryLeasing = 0x00000020;
inline constexpr std::uint32_t kEncryption = 0x00000040;
inline constexpr std::uint32_t kNotifications = 0x00000080;
}  // namespace GlobalCap

/// Access masks of files, pipes and printers (MS-SMB2 2.2.13.1.1) and of directories (2.2.13.1.2).
namespace FileAccess {
inline constexpr std::uint32_t kReadData = 0x00000001;
inline constexpr std::uint32_t kListDirectory = 0x00000001;
inline constexpr std::uint32_t kWriteData = 0x00000002;
inline constexpr std::uint32_t kAddFile = 0x00000002;
inline constexpr std::uint32_t kAppendData = 0x00000004;
inline constexpr std::uint32_t kAddSubdirectory = 0x00000004;
inline constexpr std::uint32_t kReadEa = 0x00000008;
inline constexpr std::uint32_t kWriteEa = 0x00000010;
inline constexpr std::uint32_t kExecute = 0x00000020;
inline constexpr std::uint32_t kTraverse = 0x00000020;
inline constexpr std::uint32_t kDeleteChild = 0x00000040;
inline constexpr std::uint32_t kReadAttributes = 0x00000080;
inline constexpr std::uint32_t kWriteAttributes = 0x00000100;
inline constexpr std::uint32_t kDelete = 0x00010000;
inline constexpr std::uint32_t kReadControl = 0x00020000;
inline constexpr std::uint32_t kWriteDac = 0x00040000;
inline constexpr std::uint32_t kWriteOwner = 0x00080000;
inline constexpr std::uint32_t kSynchronize = 0x00100000;
inline constexpr std::uint32_t kAccessSystemSecurity = 0x01000000;
inline constexpr std::uint32_t kMaximumAllowed = 0x02000000;
inline constexpr std::uint32_t kGenericAll = 0x10000000;
inline constexpr std::uint32_t kGenericExecute = 0x20000000;
inline constexpr std::uint32_t kGenericWrite = 0x40000000;
inline constexpr std::uint32_t kGenericRead = 0x80000000;
/// Every specific right of a file, and what the generic rights map to (MS-FSA 2.1.5.1).
inline constexpr std::uint32_t kAllSpecific = 0x000001FF;
inline constexpr std::uint32_t kAll = 0x001F01FF;
inline constexpr std::uint32_t kGenericReadMapped = 0x00120089;
inline constexpr std::uint32_t kGenericWriteMapped = 0x00120116;
inline constexpr std::uint32_t kGenericExecuteMapped = 0x001200A0;
}  // namespace FileAccess

/// RequestedOplockLevel and OplockLevel (MS-SMB2 2.2.13, 2.2.14, 2.2.23).
enum class OplockLevel : std::uint8_t {
  kNone = 0x00,
  kII = 0x01,
  kExclusive = 0x08,
  kBatch = 0x09,
  kLease = 0xFF,
};

/// MS-SMB2 2.2.13.2.8, 2.2.23.2.
namespace LeaseState {
inline constexpr std::uint32_t kNone = 0x00;
inline constexpr std::uint32_t kReadCaching = 0x01;
inline constexpr std::uint32_t kHandleCaching = 0x02;
inline constexpr std::uint32_t kWriteCaching = 0x04;
inline constexpr std::uint32_t kAll = 0x07;
}  // namespace LeaseState

/// MS-SMB2 2.2.13.2.8, 2.2.13.2.10, 2.2.14.2.10, 2.2.23.2.
namespace LeaseFlags {
/// Notification: the client must acknowledge.
inline constexpr std::uint32_t kBreakAckRequired = 0x01;
/// CREATE response: a break is in progress.
inline constexpr std::uint32_t kBreakInProgress = 0x02;
inline constexpr std::uint32_t kParentLeaseKeySet = 0x04;
}  // namespace LeaseFlags

/// MS-SMB2 2.2.13.
enum class ImpersonationLevel : std::uint32_t {
  kAnonymous = 0,
  kIdentification = 1,
  kImpersonation = 2,
  kDelegate = 3,
};

/// MS-SMB2 2.2.13.
namespace ShareAccess {
inline constexpr std::uint32_t kRead = 0x1;
inline constexpr std::uint32_t kWrite = 0x2;
inline constexpr std::uint32_t kDelete = 0x4;
inline constexpr std::uint32_t kAll = 0x7;
}  // namespace ShareAccess

/// MS-SMB2 2.2.13.
enum class CreateDisposition : std::uint32_t {
  kSupersede = 0,
  kOpen = 1,
  kCreate = 2,
  kOpenIf = 3,
  kOverwrite = 4,
  kOverwriteIf = 5,
};

/// MS-SMB2 2.2.13.
namespace CreateOptions {
inline constexpr std::uint32_t kDirectoryFile = 0x00000001;
inline constexpr std::uint32_t kWriteThrough = 0x00000002;
inline constexpr std::uint32_t kSequentialOnly = 0x00000004;
inline constexpr std::uint32_t kNoIntermediateBuffering = 0x00000008;
inline constexpr std::uint32_t kSynchronousIoAlert = 0x00000010;
inline constexpr std::uint32_t kSynchronousIoNonalert = 0x00000020;
inline constexpr std::uint32_t kNonDirectoryFile = 0x00000040;
inline constexpr std::uint32_t kCreateTreeConnection = 0x00000080;
inline constexpr std::uint32_t kCompleteIfOplocked = 0x00000100;
inline constexpr std::uint32_t kNoEaKnowledge = 0x00000200;
inline constexpr std::uint32_t kOpenRemoteInstance = 0x00000400;
inline constexpr std::uint32_t kRandomAccess = 0x00000800;
inline constexpr std::uint32_t kDeleteOnClose = 0x00001000;
inline constexpr std::uint32_t kOpenByFileId = 0x00002000;
inline constexpr std::uint32_t kOpenForBackupIntent = 0x00004000;
inline constexpr std::uint32_t kNoCompression = 0x00008000;
inline constexpr std::uint32_t kOpenRequiringOplock = 0x00010000;
inline constexpr std::uint32_t kDisallowExclusive = 0x00020000;
inline constexpr std::uint32_t kReserveOpfilter = 0x00100000;
inline constexpr std::uint32_t kOpenReparsePoint = 0x00200000;
inline constexpr std::uint32_t kOpenNoRecall = 0x00400000;
inline constexpr std::uint32_t kOpenForFreeSpaceQuery = 0x00800000;
}  // namespace CreateOptions

/// MS-SMB2 2.2.14.
enum class CreateAction : std::uint32_t {
  kSuperseded = 0,
  kOpened = 1,
  kCreated = 2,
  kOverwritten = 3,
};

/// MS-FSCC 2.6.
namespace FileAttributes {
inline constexpr std::uint32_t kReadonly = 0x00000001;
inline constexpr std::uint32_t kHidden = 0x00000002;
inline constexpr std::uint32_t kSystem = 0x00000004;
inline constexpr std::uint32_t kDirectory = 0x00000010;
inline constexpr std::uint32_t kArchive = 0x00000020;
inline constexpr std::uint32_t kNormal = 0x00000080;
inline constexpr std::uint32_t kTemporary = 0x00000100;
inline constexpr std::uint32_t kSparseFile = 0x00000200;
inline constexpr std::uint32_t kReparsePoint = 0x00000400;
inline constexpr std::uint32_t kCompressed = 0x00000800;
inline constexpr std::uint32_t kOffline = 0x00001000;
inline constexpr std::uint32_t kNotContentIndexed = 0x00002000;
inline constexpr std::uint32_t kEncrypted = 0x00004000;
inline constexpr std::uint32_t kIntegrityStream = 0x00008000;
inline constexpr std::uint32_t kNoScrubData = 0x00020000;
inline constexpr std::uint32_t kRecallOnOpen = 0x00040000;
inline constexpr std::uint32_t kPinned = 0x00080000;
inline constexpr std::uint32_t kUnpinned = 0x00100000;
inline constexpr std::uint32_t kRecallOnDataAccess = 0x00400000;
}  // namespace FileAttributes

/// InfoType of QUERY_INFO and SET_INFO (MS-SMB2 2.2.37, 2.2.39).
enum class InfoType : std::uint8_t {
  kFile = 1,
  kFilesystem = 2,
  kSecurity = 3,
  kQuota = 4,
};

/// AdditionalInformation for InfoType::kSecurity (MS-SMB2 2.2.37, MS-DTYP 2.4.7).
namespace SecurityInformation {
inline constexpr std::uint32_t kOwner = 0x00000001;
inline constexpr std::uint32_t kGroup = 0x00000002;
inline constexpr std::uint32_t kDacl = 0x00000004;
inline constexpr std::uint32_t kSacl = 0x00000008;
inline constexpr std::uint32_t kLabel = 0x00000010;
inline constexpr std::uint32_t kAttribute = 0x00000020;
inline constexpr std::uint32_t kScope = 0x00000040;
inline constexpr std::uint32_t kBackup = 0x00010000;
}  // namespace SecurityInformation

/// Channel of READ and WRITE (MS-SMB2 2.2.19, 2.2.21).
enum class Channel : std::uint32_t {
  kNone = 0,
  kRdmaV1 = 1,
  kRdmaV1Invalidate = 2,
  kRdmaTransform = 3,
};

/// MS-SMB2 2.2.3.1.2, 2.2.41.
enum class Cipher : std::uint16_t {
  kNone = 0x0000,
  kAes128Ccm = 0x0001,
  kAes128Gcm = 0x0002,
  kAes256Ccm = 0x0003,
  kAes256Gcm = 0x0004,
};

/// MS-SMB2 2.2.3.1.7.
enum class SigningAlgorithm : std::uint16_t {
  kHmacSha256 = 0x0000,
  kAesCmac = 0x0001,
  kAesGmac = 0x0002,
};

/// MS-SMB2 2.2.3.1.3, 2.2.42.
enum class CompressionAlgorithm : std::uint16_t {
  kNone = 0x0000,
  kLznt1 = 0x0001,
  kLz77 = 0x0002,
  kLz77Huffman = 0x0003,
  kPatternV1 = 0x0004,
  kLz4 = 0x0005,
};

/// MS-SMB2 2.2.3.1.1.
inline constexpr std::uint16_t kHashSha512 = 0x0001;

/// StructureSize of a body, to tell which of several bodies a message carries (OPLOCK_BREAK, or an
/// error response in place of the answer); 0 when the message is too short. `message` begins at the
/// SMB2 header.
inline std::uint16_t peek_structure_size(Bytes message) {
  return message.size() < kHeaderSize + 2 ? std::uint16_t{0}
                                          : load_u16(message.data() + kHeaderSize);
}

}  // namespace holdfast::wire::smb2
