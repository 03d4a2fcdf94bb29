// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Access rights (MS-DTYP 2.4.3, MS-SMB2 2.2.13.1). A mask is a plain 32-bit number.
namespace holdfast::wire::dtyp {

using AccessMask = std::uint32_t;

namespace access {
// Rights of files (MS-SMB2 2.2.13.1.1); those of directories share the bits (2.2.13.1.2).
inline constexpr AccessMask kReadData = 0x00000001;
inline constexpr AccessMask kListDirectory = kReadData;
inline constexpr AccessMask kWriteData = 0x00000002;
inline constexpr AccessMask kAddFile = kWriteData;
inline constexpr AccessMask kAppendData = 0x00000004;
inline constexpr AccessMask kAddSubdirectory = kAppendData;
inline constexpr AccessMask kReadEa = 0x00000008;
inline constexpr AccessMask kWriteEa = 0x00000010;
inline constexpr AccessMask kExecute = 0x00000020;
inline constexpr AccessMask kTraverse = kExecute;
inline constexpr AccessMask kDeleteChild = 0x00000040;
inline constexpr AccessMask kReadAttributes = 0x00000080;
inline constexpr AccessMask kWriteAttributes = 0x00000100;
// Standard rights.
inline constexpr AccessMask kDelete = 0x00010000;
inline constexpr AccessMask kReadControl = 0x00020000;
inline constexpr AccessMask kWriteDac = 0x00040000;
inline constexpr AccessMask kWriteOwner = 0x00080000;
inline constexpr AccessMask kSynchronize = 0x00100000;
// Special and generic.
inline constexpr AccessMask kAccessSystemSecurity = 0x01000000;
inline constexpr AccessMask kMaximumAllowed = 0x02000000;
inline constexpr AccessMask kGenericAll = 0x10000000;
inline constexpr AccessMask kGenericExecute = 0x20000000;
inline constexpr AccessMask kGenericWrite = 0x40000000;
inline constexpr AccessMask kGenericRead = 0x80000000;
inline constexpr AccessMask kGenericMask = 0xF0000000;

/// What the generic rights mean for files and directories.
inline constexpr AccessMask kFileGenericRead =
    kReadData | kReadEa | kReadAttributes | kReadControl | kSynchronize;
inline constexpr AccessMask kFileGenericWrite =
    kWriteData | kAppendData | kWriteEa | kWriteAttributes | kReadControl | kSynchronize;
inline constexpr AccessMask kFileGenericExecute =
    kExecute | kReadAttributes | kReadControl | kSynchronize;
/// 0x001F01FF: every right that a file or directory has.
inline constexpr AccessMask kFileAll = 0x001F01FF;
/// Bits that no access mask may have; a request with one of them is refused
/// (STATUS_ACCESS_DENIED, MS-SMB2 3.3.5.9).
inline constexpr AccessMask kInvalid =
    ~(kFileAll | kAccessSystemSecurity | kMaximumAllowed | kGenericMask);
}  // namespace access

/// SECURITY_INFORMATION (MS-DTYP 2.4.7; on the wire in MS-SMB2 2.2.37 AdditionalInformation).
namespace security_information {
inline constexpr std::uint32_t kOwner = 0x00000001;
inline constexpr std::uint32_t kGroup = 0x00000002;
inline constexpr std::uint32_t kDacl = 0x00000004;
inline constexpr std::uint32_t kSacl = 0x00000008;
inline constexpr std::uint32_t kLabel = 0x00000010;
inline constexpr std::uint32_t kAttribute = 0x00000020;
inline constexpr std::uint32_t kScope = 0x00000040;
inline constexpr std::uint32_t kBackup = 0x00010000;
inline constexpr std::uint32_t kUnprotectedSacl = 0x10000000;
inline constexpr std::uint32_t kUnprotectedDacl = 0x20000000;
inline constexpr std::uint32_t kProtectedSacl = 0x40000000;
inline constexpr std::uint32_t kProtectedDacl = 0x80000000;
}  // namespace security_information

}  // namespace holdfast::wire::dtyp
