// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/set_security.h"

#include "core/access/posix_mode.h"
#include "core/access/security_information.h"
#include "core/apple/nfs_aces.h"
#include "core/path/path.h"
#include "service/handlers/apple.h"
#include "service/server/closing.h"
#include "service/server/security.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::handlers {
namespace {

using wire::dtyp::SecurityDescriptor;

/// The Unix id in a SID of Samba's form; nullopt for any other SID.
std::optional<std::uint32_t> unix_id(const std::optional<Sid>& sid, const Sid& domain) {
  if (!sid || !domain.is_domain_of(*sid)) return std::nullopt;
  return sid->rid();
}

Task<std::optional<SecurityDescriptor>> parent_descriptor(Request& r, const core::OpenView& open) {
  Result<std::string> path = co_await open.file->path(r.io());
  if (!path || path->empty()) co_return std::nullopt;
  Result<ports::Opened> parent =
      co_await open.share->vfs->open(r.io(), core::parent_path(*path), ports::OpenHow{});
  if (!parent) co_return std::nullopt;
  Result<SecurityDescriptor> sd =
      co_await descriptor_of(r.io(), *open.share, *parent->file, parent->info);
  if (!sd) co_return std::nullopt;
  co_return std::move(*sd);
}

/// The Unix mode that a client of the POSIX extensions asks for: an ACE for S-1-5-88-3-mode, as the
/// NFS services of Windows write it.
std::optional<std::uint32_t> posix_mode(const SecurityDescriptor& sd) {
  static const Sid kNfsMode{5, {88, 3}};
  if (!sd.dacl) return std::nullopt;
  for (const wire::dtyp::Ace& ace : sd.dacl->aces)
    if (kNfsMode.is_domain_of(ace.sid)) return ace.sid.rid() & 07777;
  return std::nullopt;
}

/// chmod and chown of a client of the POSIX extensions. A descriptor stored before would contradict
/// the mode and is removed.
Task<NtStatus> set_posix_mode(Request& r, const core::OpenView& open, const SecurityDescriptor& sd,
                              std::uint32_t parts, std::uint32_t mode) {
  namespace Parts = wire::dtyp::security_information;
  static const Sid kNfsUser{5, {88, 1}}, kNfsGroup{5, {88, 2}};
  ports::File::SetSecurity change;
  change.mode = mode;
  change.remove_descriptor = true;
  if ((parts & Parts::kOwner) != 0) {
    change.uid = unix_id(sd.owner, sids::kUnixUsers);
    if (!change.uid) change.uid = unix_id(sd.owner, kNfsUser);
  }
  if ((parts & Parts::kGroup) != 0) {
    change.gid = unix_id(sd.group, sids::kUnixGroups);
    if (!change.gid) change.gid = unix_id(sd.group, kNfsGroup);
  }
  Result<void> done = co_await open.file->set_security(r.io(), change);
  co_return done ? NtStatus::kSuccess : done.error();
}

}  // namespace

Task<NtStatus> set_security(Request& r, const core::OpenView& open, std::uint32_t parts,
                            Bytes buffer) {
  if (open.file == nullptr) co_return NtStatus::kNotSupported;
  std::uint32_t needed = core::access_to_set_security(parts);
  if ((open.access & needed) != needed) co_return NtStatus::kAccessDenied;
  Result<SecurityDescriptor> given = wire::dtyp::decode_security_descriptor(buffer);
  if (!given) co_return given.error();
  if (r.connection.negotiated()->posix_extensions)
    if (std::optional<std::uint32_t> mode = posix_mode(*given))
      co_return co_await set_posix_mode(r, open, *given, parts, *mode);
  if (open.share->keep_acl_flags && (given->control & wire::dtyp::control::kDaclAutoInherited) != 0)
    given->control |= wire::dtyp::control::kDaclAutoInheritReq;
  Result<ports::FileInfo> info = co_await open.file->info(r.io());
  if (!info) co_return info.error();
  if (speaks_apple(r, wire::smb2::Aapl::kSupportsNfsAce)) {
    // chmod of a Mac: the descriptor as it got it, with another mode (kAAPL_SUPPORTS_NFS_ACE).
    std::optional<std::uint32_t> mode = core::apple::take_nfs_aces(*given);
    if (mode && *mode != (info->mode & 07777))
      co_return co_await set_posix_mode(r, open, *given, 0, *mode);
  }
  Result<SecurityDescriptor> current =
      co_await descriptor_of(r.io(), *open.share, *open.file, *info);
  if (!current) co_return current.error();
  std::optional<SecurityDescriptor> parent = co_await parent_descriptor(r, open);
  Result<SecurityDescriptor> next =
      core::apply_security(*current, *given, parts, token_of(*r.identity),
                           parent ? &*parent : nullptr, open.is_directory);
  if (!next) co_return next.error();

  ports::File::SetSecurity change;
  change.descriptor = wire::dtyp::encode(*next);
  if (change.descriptor.size() > limits::kMaxSecurityDescriptor)
    co_return NtStatus::kInsufficientResources;
  if (open.share->act_as_user) {
    // The kernel's own check and local programs go by owner and mode; keep them in step.
    namespace Parts = wire::dtyp::security_information;
    if ((parts & Parts::kOwner) != 0) change.uid = unix_id(next->owner, sids::kUnixUsers);
    if ((parts & Parts::kGroup) != 0) change.gid = unix_id(next->group, sids::kUnixGroups);
    if ((parts & Parts::kDacl) != 0)
      change.mode = (info->mode & ~0777u) | core::mode_of_descriptor(*next);
  }
  Result<void> done = co_await open.file->set_security(r.io(), change);
  if (!done) co_return done.error();
  co_await report_open(r, open, core::NotifyAction::kModified,
                       wire::smb2::CompletionFilter::kSecurity);
  co_return NtStatus::kSuccess;
}

}  // namespace holdfast::service::handlers
