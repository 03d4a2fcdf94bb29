// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/fsctl.h"

namespace holdfast::wire::smb2 {

std::string_view fsctl_name(std::uint32_t ctl_code) {
  switch (ctl_code) {
    case Fsctl::kDfsGetReferrals: return "FSCTL_DFS_GET_REFERRALS";
    case Fsctl::kDfsGetReferralsEx: return "FSCTL_DFS_GET_REFERRALS_EX";
    case Fsctl::kSetReparsePoint: return "FSCTL_SET_REPARSE_POINT";
    case Fsctl::kGetReparsePoint: return "FSCTL_GET_REPARSE_POINT";
    case Fsctl::kDeleteReparsePoint: return "FSCTL_DELETE_REPARSE_POINT";
    case Fsctl::kIsPathnameValid: return "FSCTL_IS_PATHNAME_VALID";
    case Fsctl::kGetCompression: return "FSCTL_GET_COMPRESSION";
    case Fsctl::kSetCompression: return "FSCTL_SET_COMPRESSION";
    case Fsctl::kFilesystemGetStatistics: return "FSCTL_FILESYSTEM_GET_STATISTICS";
    case Fsctl::kGetNtfsVolumeData: return "FSCTL_GET_NTFS_VOLUME_DATA";
    case Fsctl::kGetRetrievalPointers: return "FSCTL_GET_RETRIEVAL_POINTERS";
    case Fsctl::kFindFilesBySid: return "FSCTL_FIND_FILES_BY_SID";
    case Fsctl::kSetObjectId: return "FSCTL_SET_OBJECT_ID";
    case Fsctl::kGetObjectId: return "FSCTL_GET_OBJECT_ID";
    case Fsctl::kDeleteObjectId: return "FSCTL_DELETE_OBJECT_ID";
    case Fsctl::kSetObjectIdExtended: return "FSCTL_SET_OBJECT_ID_EXTENDED";
    case Fsctl::kCreateOrGetObjectId: return "FSCTL_CREATE_OR_GET_OBJECT_ID";
    case Fsctl::kSetSparse: return "FSCTL_SET_SPARSE";
    case Fsctl::kSetZeroData: return "FSCTL_SET_ZERO_DATA";
    case Fsctl::kQueryAllocatedRanges: return "FSCTL_QUERY_ALLOCATED_RANGES";
    case Fsctl::kSetEncryption: return "FSCTL_SET_ENCRYPTION";
    case Fsctl::kReadFileUsnData: return "FSCTL_READ_FILE_USN_DATA";
    case Fsctl::kWriteUsnCloseRecord: return "FSCTL_WRITE_USN_CLOSE_RECORD";
    case Fsctl::kSisCopyfile: return "FSCTL_SIS_COPYFILE";
    case Fsctl::kRecallFile: return "FSCTL_RECALL_FILE";
    case Fsctl::kQuerySparingInfo: return "FSCTL_QUERY_SPARING_INFO";
    case Fsctl::kQueryOnDiskVolumeInfo: return "FSCTL_QUERY_ON_DISK_VOLUME_INFO";
    case Fsctl::kSetZeroOnDeallocation: return "FSCTL_SET_ZERO_ON_DEALLOCATION";
    case Fsctl::kSetDefectManagement: return "FSCTL_SET_DEFECT_MANAGEMENT";
    case Fsctl::kQueryFatBpb: return "FSCTL_QUERY_FAT_BPB";
    case Fsctl::kOffloadRead: return "FSCTL_OFFLOAD_READ";
    case Fsctl::kOffloadWrite: return "FSCTL_OFFLOAD_WRITE";
    case Fsctl::kFileLevelTrim: return "FSCTL_FILE_LEVEL_TRIM";
    case Fsctl::kQueryFileRegions: return "FSCTL_QUERY_FILE_REGIONS";
    case Fsctl::kGetIntegrityInformation: return "FSCTL_GET_INTEGRITY_INFORMATION";
    case Fsctl::kSetIntegrityInformation: return "FSCTL_SET_INTEGRITY_INFORMATION";
    case Fsctl::kSetIntegrityInformationEx: return "FSCTL_SET_INTEGRITY_INFORMATION_EX";
    case Fsctl::kDuplicateExtentsToFile: return "FSCTL_DUPLICATE_EXTENTS_TO_FILE";
    case Fsctl::kDuplicateExtentsToFileEx: return "FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX";
    case Fsctl::kGetRefsVolumeData: return "FSCTL_GET_REFS_VOLUME_DATA";
    case Fsctl::kMarkHandle: return "FSCTL_MARK_HANDLE";
    case Fsctl::kRefsStreamSnapshotManagement: return "FSCTL_REFS_STREAM_SNAPSHOT_MANAGEMENT";
    case Fsctl::kSvhdxSyncTunnelRequest: return "FSCTL_SVHDX_SYNC_TUNNEL_REQUEST";
    case Fsctl::kQuerySharedVirtualDiskSupport: return "FSCTL_QUERY_SHARED_VIRTUAL_DISK_SUPPORT";
    case Fsctl::kSvhdxAsyncTunnelRequest: return "FSCTL_SVHDX_ASYNC_TUNNEL_REQUEST";
    case Fsctl::kPipePeek: return "FSCTL_PIPE_PEEK";
    case Fsctl::kPipeWait: return "FSCTL_PIPE_WAIT";
    case Fsctl::kPipeTransceive: return "FSCTL_PIPE_TRANSCEIVE";
    case Fsctl::kSrvEnumerateSnapshots: return "FSCTL_SRV_ENUMERATE_SNAPSHOTS";
    case Fsctl::kSrvRequestResumeKey: return "FSCTL_SRV_REQUEST_RESUME_KEY";
    case Fsctl::kSrvReadHash: return "FSCTL_SRV_READ_HASH";
    case Fsctl::kSrvCopychunk: return "FSCTL_SRV_COPYCHUNK";
    case Fsctl::kSrvCopychunkWrite: return "FSCTL_SRV_COPYCHUNK_WRITE";
    case Fsctl::kLmrRequestResiliency: return "FSCTL_LMR_REQUEST_RESILIENCY";
    case Fsctl::kQueryNetworkInterfaceInfo: return "FSCTL_QUERY_NETWORK_INTERFACE_INFO";
    case Fsctl::kValidateNegotiateInfo: return "FSCTL_VALIDATE_NEGOTIATE_INFO";
    default: return "?";
  }
}

}  // namespace holdfast::wire::smb2
