// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// FSCTL codes (MS-FSCC 2.3, MS-SMB2 2.2.31, MS-RSVD 2.2, MS-DFSC 2.2), named as there.
namespace Fsctl {
inline constexpr std::uint32_t kDfsGetReferrals = 0x00060194;
inline constexpr std::uint32_t kDfsGetReferralsEx = 0x000601B0;
inline constexpr std::uint32_t kSetReparsePoint = 0x000900A4;
inline constexpr std::uint32_t kGetReparsePoint = 0x000900A8;
inline constexpr std::uint32_t kDeleteReparsePoint = 0x000900AC;
inline constexpr std::uint32_t kIsPathnameValid = 0x0009002C;
inline constexpr std::uint32_t kGetCompression = 0x0009003C;
inline constexpr std::uint32_t kSetCompression = 0x0009C040;
inline constexpr std::uint32_t kFilesystemGetStatistics = 0x00090060;
inline constexpr std::uint32_t kGetNtfsVolumeData = 0x00090064;
inline constexpr std::uint32_t kGetRetrievalPointers = 0x00090073;
inline constexpr std::uint32_t kFindFilesBySid = 0x0009008F;
inline constexpr std::uint32_t kSetObjectId = 0x00090098;
inline constexpr std::uint32_t kGetObjectId = 0x0009009C;
inline constexpr std::uint32_t kDeleteObjectId = 0x000900A0;
inline constexpr std::uint32_t kSetObjectIdExtended = 0x000900BC;
inline constexpr std::uint32_t kCreateOrGetObjectId = 0x000900C0;
inline constexpr std::uint32_t kSetSparse = 0x000900C4;
inline constexpr std::uint32_t kSetZeroData = 0x000980C8;
inline constexpr std::uint32_t kQueryAllocatedRanges = 0x000940CF;
inline constexpr std::uint32_t kSetEncryption = 0x000900D7;
inline constexpr std::uint32_t kReadFileUsnData = 0x000900EB;
inline constexpr std::uint32_t kWriteUsnCloseRecord = 0x000900EF;
inline constexpr std::uint32_t kSisCopyfile = 0x00090100;
inline constexpr std::uint32_t kRecallFile = 0x00090117;
inline constexpr std::uint32_t kQuerySparingInfo = 0x00090138;
inline constexpr std::uint32_t kQueryOnDiskVolumeInfo = 0x0009013C;
inline constexpr std::uint32_t kSetZeroOnDeallocation = 0x00090194;
inline constexpr std::uint32_t kSetDefectManagement = 0x00098134;
inline constexpr std::uint32_t kQueryFatBpb = 0x00090058;
inline constexpr std::uint32_t kOffloadRead = 0x00094264;
inline constexpr std::uint32_t kOffloadWrite = 0x00098268;
inline constexpr std::uint32_t kFileLevelTrim = 0x00098208;
inline constexpr std::uint32_t kQueryFileRegions = 0x00090284;
inline constexpr std::uint32_t kGetIntegrityInformation = 0x0009027C;
inline constexpr std::uint32_t kSetIntegrityInformation = 0x0009C280;
inline constexpr std::uint32_t kSetIntegrityInformationEx = 0x00090380;
inline constexpr std::uint32_t kDuplicateExtentsToFile = 0x00098344;
inline constexpr std::uint32_t kDuplicateExtentsToFileEx = 0x000983E8;
inline constexpr std::uint32_t kGetRefsVolumeData = 0x000902D8;
inline constexpr std::uint32_t kMarkHandle = 0x000900FC;
inline constexpr std::uint32_t kRefsStreamSnapshotManagement = 0x00090440;
/// MS-RSVD.
inline constexpr std::uint32_t kSvhdxSyncTunnelRequest = 0x00090304;
inline constexpr std::uint32_t kQuerySharedVirtualDiskSupport = 0x00090300;
inline constexpr std::uint32_t kSvhdxAsyncTunnelRequest = 0x00090364;
/// Named pipes (MS-FSCC 2.3).
inline constexpr std::uint32_t kPipePeek = 0x0011400C;
inline constexpr std::uint32_t kPipeWait = 0x00110018;
inline constexpr std::uint32_t kPipeTransceive = 0x0011C017;
/// MS-SMB2 2.2.31.
inline constexpr std::uint32_t kSrvEnumerateSnapshots = 0x00144064;
inline constexpr std::uint32_t kSrvRequestResumeKey = 0x00140078;
inline constexpr std::uint32_t kSrvReadHash = 0x001441BB;
inline constexpr std::uint32_t kSrvCopychunk = 0x001440F2;
inline constexpr std::uint32_t kSrvCopychunkWrite = 0x001480F2;
inline constexpr std::uint32_t kLmrRequestResiliency = 0x001401D4;
inline constexpr std::uint32_t kQueryNetworkInterfaceInfo = 0x001401FC;
inline constexpr std::uint32_t kValidateNegotiateInfo = 0x00140204;
}  // namespace Fsctl

/// "FSCTL_PIPE_WAIT"; "?" for a code without a name here.
std::string_view fsctl_name(std::uint32_t ctl_code);

}  // namespace holdfast::wire::smb2
