// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// Type and data of one SMB2_TREE_CONNECT_CONTEXT (MS-SMB2 2.2.9.2).
struct TreeConnectContext {
  static constexpr std::uint16_t kRemotedIdentity = 0x0001;

  std::uint16_t context_type = 0;
  Bytes data;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.field(HF_FIELD(context_type));
    v.length16(octets);
    v.reserved(4);
    v.inline_data(octets, HF_FIELD(data));
  }
};

/// SMB2 TREE_CONNECT Request (MS-SMB2 2.2.9), with its extension (2.2.9.1) where flags have
/// kFlagExtensionPresent.
struct TreeConnectRequest {
  static constexpr std::uint16_t kFlagClusterReconnect = 0x0001;
  static constexpr std::uint16_t kFlagRedirectToOwner = 0x0002;
  static constexpr std::uint16_t kFlagExtensionPresent = 0x0004;
  static constexpr std::size_t kMaxContexts = 16;

  /// Meaningful in dialect 3.1.1 only.
  std::uint16_t flags = 0;
  /// "\\server\share", UTF-16LE.
  Bytes path_name;
  std::vector<TreeConnectContext> tree_connect_contexts;

  void describe(this auto& self, auto& v) {
    auto path = v.region();
    auto contexts = v.region();
    v.structure_size(9);
    v.field(HF_FIELD(flags));
    v.offset16(path);
    v.length16(path);
    const bool extended = (self.flags & kFlagExtensionPresent) != 0;
    if (extended) {
      v.offset32(contexts);
      v.count16(contexts);
      v.reserved(10);
    }
    v.name(path, HF_FIELD(path_name));
    if (extended) v.aligned_list_at(contexts, HF_FIELD(tree_connect_contexts), kMaxContexts, 8);
  }
};
HF_WIRE_BODY(TreeConnectRequest);

/// MS-SMB2 2.2.10.
enum class ShareType : std::uint8_t { kDisk = 1, kPipe = 2, kPrint = 3 };

/// ShareFlags of a TREE_CONNECT Response (MS-SMB2 2.2.10).
namespace ShareFlags {
inline constexpr std::uint32_t kManualCaching = 0x00000000;
inline constexpr std::uint32_t kAutoCaching = 0x00000010;
inline constexpr std::uint32_t kVdoCaching = 0x00000020;
inline constexpr std::uint32_t kNoCaching = 0x00000030;
inline constexpr std::uint32_t kCachingMask = 0x00000030;
inline constexpr std::uint32_t kDfs = 0x00000001;
inline constexpr std::uint32_t kDfsRoot = 0x00000002;
inline constexpr std::uint32_t kRestrictExclusiveOpens = 0x00000100;
inline constexpr std::uint32_t kForceSharedDelete = 0x00000200;
inline constexpr std::uint32_t kAllowNamespaceCaching = 0x00000400;
inline constexpr std::uint32_t kAccessBasedDirectoryEnum = 0x00000800;
inline constexpr std::uint32_t kForceLeveliiOplock = 0x00001000;
inline constexpr std::uint32_t kEnableHashV1 = 0x00002000;
inline constexpr std::uint32_t kEnableHashV2 = 0x00004000;
inline constexpr std::uint32_t kEncryptData = 0x00008000;
inline constexpr std::uint32_t kIdentityRemoting = 0x00040000;
inline constexpr std::uint32_t kCompressData = 0x00100000;
inline constexpr std::uint32_t kIsolatedTransport = 0x00200000;
}  // namespace ShareFlags

/// Capabilities of a TREE_CONNECT Response (MS-SMB2 2.2.10).
namespace ShareCap {
inline constexpr std::uint32_t kDfs = 0x00000008;
inline constexpr std::uint32_t kContinuousAvailability = 0x00000010;
inline constexpr std::uint32_t kScaleout = 0x00000020;
inline constexpr std::uint32_t kCluster = 0x00000040;
inline constexpr std::uint32_t kAsymmetric = 0x00000080;
inline constexpr std::uint32_t kRedirectToOwner = 0x00000100;
}  // namespace ShareCap

/// SMB2 TREE_CONNECT Response (MS-SMB2 2.2.10).
struct TreeConnectResponse {
  ShareType share_type = ShareType::kDisk;
  std::uint32_t share_flags = 0;
  std::uint32_t capabilities = 0;
  std::uint32_t maximal_access = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(16);
    v.field(HF_FIELD(share_type));
    v.reserved(1);
    v.field(HF_FIELD(share_flags));
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(maximal_access));
  }
};
HF_WIRE_BODY(TreeConnectResponse);

}  // namespace holdfast::wire::smb2
