// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/security.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"
#include "wire/samba/nt_acl.h"

namespace holdfast::platform::posix {
namespace {

const char* xattr_name(const Share& share) {
  return share.features().security_xattrs ? wire::samba::kNtAclXattr : "user.NTACL";
}

}  // namespace

Result<std::optional<ByteVec>> load_security(const Share& share, int fd) {
  auto value = Xattrs(fd).get(xattr_name(share));
  if (!value) return fail(value.error());
  if (!*value) return std::optional<ByteVec>{};
  auto acl = wire::samba::decode_nt_acl(**value);
  if (!acl) return fail(acl.error());
  return wire::dtyp::encode(acl->descriptor);
}

Result<void> store_security(const Share& share, int fd, Bytes descriptor) {
  if (descriptor.size() > limits::kMaxSecurityDescriptor)
    return fail(NtStatus::kInvalidSecurityDescr);
  wire::samba::NtAcl acl;
  auto decoded = wire::dtyp::decode_security_descriptor(descriptor);
  if (!decoded) return fail(decoded.error());
  acl.descriptor = std::move(*decoded);
  ByteVec value = wire::samba::encode(acl);
  return Xattrs(fd).set(service(), xattr_name(share), value);
}

Result<void> remove_security(const Share& share, int fd) {
  auto stored = Xattrs(fd).size(xattr_name(share));
  if (!stored) return fail(stored.error());
  return *stored ? Xattrs(fd).remove(service(), xattr_name(share)) : Result<void>{};
}

Result<void> change_ownership(const Credentials& who, int fd, std::optional<std::uint32_t> uid,
                              std::optional<std::uint32_t> gid, std::optional<std::uint32_t> mode) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  constexpr auto kUnchanged = static_cast<std::uint32_t>(-1);
  if (uid || gid) {
    auto u = uid.value_or(kUnchanged), g = gid.value_or(kUnchanged);
    if (::fchownat(fd, "", u, g, AT_EMPTY_PATH) != 0) {
      if (errno == EPERM && uid) return fail(NtStatus::kInvalidOwner);
      return fail_errno();
    }
  }
  if (mode && ::chmod(ProcPath(fd).c_str(), *mode & 07777) != 0) return fail_errno();
  return {};
}

}  // namespace holdfast::platform::posix
