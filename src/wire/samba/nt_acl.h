// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include "base/nt_time.h"
#include "base/result.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::wire::samba {

/// Name of the extended attribute.
inline constexpr char kNtAclXattr[] = "security.NTACL";

/// The value of security.NTACL: a security descriptor, and in newer versions a hash of what the
/// file system said when it was written.
struct NtAcl {
  static constexpr std::uint16_t kHashNone = 0, kHashSha256 = 1;

  static constexpr std::size_t kMaxDescription = 256;

  std::uint16_t version = 4;
  std::uint16_t hash_type = kHashNone;
  /// The first 16 octets in version 2.
  std::array<std::uint8_t, 64> hash{};
  /// Version 4: "posix_acl" from a smbd, "fs-dacl" and others elsewhere.
  std::string description = "posix_acl";
  NtTime time{};
  /// Version 4: SHA-256 of the POSIX ACL as Samba linearises it; zeros when not known.
  std::array<std::uint8_t, 64> system_acl_hash{};
  dtyp::SecurityDescriptor descriptor{};

  bool operator==(const NtAcl&) const = default;
};

/// Reads versions 1 to 4. STATUS_INVALID_SECURITY_DESCR when it is none of them or the descriptor
/// behind it is not valid.
Result<NtAcl> decode_nt_acl(Bytes xattr);

/// Writes the version that x names (1 to 4; others are a programming error).
///
/// Offsets inside the descriptor are counted from the begin of the xattr, as Samba's NDR does it.
/// What smbd 4.17 makes of it on a share with acl_xattr and system ACLs: version 1 and 2 are
/// believed; 3 and 4 only when the hashes match the file's POSIX ACL, otherwise it shows the POSIX
/// ACL. With "ignore system acls" all are believed.
ByteVec encode(const NtAcl& x);

}  // namespace holdfast::wire::samba
