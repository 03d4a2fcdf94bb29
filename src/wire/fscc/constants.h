// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace holdfast::wire::fscc {

/// File attributes (MS-FSCC 2.6).
namespace attributes {
inline constexpr std::uint32_t kReadOnly = 0x00000001;
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
inline constexpr std::uint32_t kValidMask = 0x005EFFB7;
/// What FileBasicInformation may change (MS-FSA 2.1.5.15.2); the others follow from the file.
inline constexpr std::uint32_t kSettable = kReadOnly | kHidden | kSystem | kArchive | kNormal |
                                           kTemporary | kOffline | kNotContentIndexed |
                                           kNoScrubData | kPinned | kUnpinned;
}  // namespace attributes

/// Reparse tags (MS-FSCC 2.1.2.1).
namespace reparse_tag {
inline constexpr std::uint32_t kMountPoint = 0xA0000003;
inline constexpr std::uint32_t kHsm = 0xC0000004;
inline constexpr std::uint32_t kSis = 0x80000007;
inline constexpr std::uint32_t kDfs = 0x8000000A;
inline constexpr std::uint32_t kSymlink = 0xA000000C;
inline constexpr std::uint32_t kDfsr = 0x80000012;
inline constexpr std::uint32_t kDedup = 0x80000013;
inline constexpr std::uint32_t kNfs = 0x80000014;
inline constexpr std::uint32_t kWof = 0x80000017;
inline constexpr std::uint32_t kAppExecLink = 0x8000001B;
inline constexpr std::uint32_t kLxSymlink = 0xA000001D;
inline constexpr std::uint32_t kAfUnix = 0x80000023;
inline constexpr std::uint32_t kLxFifo = 0x80000024;
inline constexpr std::uint32_t kLxChr = 0x80000025;
inline constexpr std::uint32_t kLxBlk = 0x80000026;
/// Bit 31: the tag is Microsoft's, and its buffer has no GUID (MS-FSCC 2.1.2).
inline constexpr std::uint32_t kMicrosoftBit = 0x80000000;
/// Bit 29: another named entity stands in (symlinks, mount points).
inline constexpr std::uint32_t kNameSurrogateBit = 0x20000000;
}  // namespace reparse_tag

/// FSCTL codes (MS-FSCC 2.3, MS-SMB2 2.2.31).
namespace fsctl {
inline constexpr std::uint32_t kDfsGetReferrals = 0x00060194;
inline constexpr std::uint32_t kDfsGetReferralsEx = 0x000601B0;
inline constexpr std::uint32_t kIsPathnameValid = 0x0009002C;
inline constexpr std::uint32_t kGetCompression = 0x0009003C;
inline constexpr std::uint32_t kFilesystemGetStatistics = 0x00090060;
inline constexpr std::uint32_t kGetNtfsVolumeData = 0x00090064;
inline constexpr std::uint32_t kIsVolumeDirty = 0x00090078;
inline constexpr std::uint32_t kSetObjectId = 0x00090098;
inline constexpr std::uint32_t kGetObjectId = 0x0009009C;
inline constexpr std::uint32_t kDeleteObjectId = 0x000900A0;
inline constexpr std::uint32_t kSetReparsePoint = 0x000900A4;
inline constexpr std::uint32_t kGetReparsePoint = 0x000900A8;
inline constexpr std::uint32_t kDeleteReparsePoint = 0x000900AC;
inline constexpr std::uint32_t kSetObjectIdExtended = 0x000900BC;
inline constexpr std::uint32_t kCreateOrGetObjectId = 0x000900C0;
inline constexpr std::uint32_t kSetSparse = 0x000900C4;
inline constexpr std::uint32_t kReadFileUsnData = 0x000900EB;
inline constexpr std::uint32_t kQueryAllocatedRanges = 0x000940CF;
inline constexpr std::uint32_t kSetZeroData = 0x000980C8;
inline constexpr std::uint32_t kSetZeroOnDeallocation = 0x00090194;
inline constexpr std::uint32_t kFileLevelTrim = 0x00098208;
inline constexpr std::uint32_t kDuplicateExtentsToFile = 0x00098344;
inline constexpr std::uint32_t kDuplicateExtentsToFileEx = 0x000983E8;
inline constexpr std::uint32_t kSetCompression = 0x0009C040;
inline constexpr std::uint32_t kGetIntegrityInformation = 0x0009027C;
inline constexpr std::uint32_t kSetIntegrityInformation = 0x0009C280;
inline constexpr std::uint32_t kSetIntegrityInformationEx = 0x00090380;
inline constexpr std::uint32_t kQueryFileRegions = 0x00090284;
inline constexpr std::uint32_t kRefsStreamSnapshotManagement = 0x00090440;
inline constexpr std::uint32_t kOffloadRead = 0x00094264;
inline constexpr std::uint32_t kOffloadWrite = 0x00098268;
inline constexpr std::uint32_t kPipePeek = 0x0011400C;
inline constexpr std::uint32_t kPipeWait = 0x00110018;
inline constexpr std::uint32_t kPipeTransceive = 0x0011C017;
inline constexpr std::uint32_t kSrvRequestResumeKey = 0x00140078;
inline constexpr std::uint32_t kSrvEnumerateSnapshots = 0x00144064;
inline constexpr std::uint32_t kSrvCopyChunk = 0x001440F2;
inline constexpr std::uint32_t kSrvCopyChunkWrite = 0x001480F2;
inline constexpr std::uint32_t kSrvReadHash = 0x001441BB;
inline constexpr std::uint32_t kLmrRequestResiliency = 0x001401D4;
inline constexpr std::uint32_t kLmrSetLinkTrackingInformation = 0x001400EC;
inline constexpr std::uint32_t kQueryNetworkInterfaceInfo = 0x001401FC;
inline constexpr std::uint32_t kValidateNegotiateInfo = 0x00140204;
inline constexpr std::uint32_t kSvhdxSyncTunnelRequest = 0x00090304;
inline constexpr std::uint32_t kQuerySharedVirtualDiskSupport = 0x00090300;
}  // namespace fsctl

/// COMPRESSION_FORMAT values (MS-FSCC 2.3.14, 2.3.67).
inline constexpr std::uint16_t kCompressionFormatNone = 0;
inline constexpr std::uint16_t kCompressionFormatDefault = 1;
inline constexpr std::uint16_t kCompressionFormatLznt1 = 2;

/// EA Flags: a file with this EA cannot be used without understanding it (MS-FSCC 2.4.16).
inline constexpr std::uint8_t kFileNeedEa = 0x80;

}  // namespace holdfast::wire::fscc
