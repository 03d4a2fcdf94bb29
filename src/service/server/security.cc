// SPDX-License-Identifier: Apache-2.0
#include "service/server/security.h"

#include "core/access/posix_mode.h"
#include "core/path/path.h"
#include "wire/smb2/types.h"

namespace holdfast::service {
namespace {

namespace Access = wire::smb2::FileAccess;
using wire::dtyp::SecurityDescriptor;

SecurityDescriptor everybody(const ports::FileInfo& info) {
  SecurityDescriptor sd;
  sd.owner = sids::kUnixUsers.with(info.uid);
  sd.group = sids::kUnixGroups.with(info.gid);
  wire::dtyp::Acl acl;
  wire::dtyp::Ace ace;
  ace.mask = Access::kAll;
  ace.sid = sids::kEveryone;
  // What is made below gets a descriptor of its own, which names its owner.
  if (info.is_directory)
    ace.flags = wire::dtyp::ace_flags::kObjectInherit | wire::dtyp::ace_flags::kContainerInherit;
  acl.aces.push_back(std::move(ace));
  sd.set_dacl(std::move(acl));
  return sd;
}

}  // namespace

core::AccessToken token_of(const ports::Identity& identity) {
  core::AccessToken token;
  token.user = identity.sid;
  token.groups = identity.groups;
  token.primary_group = identity.credentials.act_as_user
                            ? sids::kUnixGroups.with(identity.credentials.gid)
                            : sids::kBuiltinUsers;
  // A user of the machine is also known by its Unix ids, which files without a descriptor carry.
  if (identity.credentials.act_as_user) {
    token.groups.push_back(sids::kUnixUsers.with(identity.credentials.uid));
    token.groups.push_back(sids::kUnixGroups.with(identity.credentials.gid));
    for (std::uint32_t gid : identity.credentials.groups)
      token.groups.push_back(sids::kUnixGroups.with(gid));
  }
  core::add_well_known_groups(token, identity.is_anonymous);
  if (identity.is_administrator) core::make_administrator(token);
  return token;
}

namespace {

Result<SecurityDescriptor> descriptor_from(const std::optional<ByteVec>& stored,
                                           const core::Share& share, const ports::FileInfo& info) {
  // A damaged descriptor must not open a file: it is refused, not replaced.
  if (stored) return wire::dtyp::decode_security_descriptor(*stored);
  if (!share.act_as_user) return everybody(info);
  static const core::SidMapper kMapper;
  return core::descriptor_of_mode(info.mode, info.uid, info.gid, kMapper, info.is_directory);
}

/// The owner of a file whose rights are those of its mode may change them as he likes: of what he
/// can read and write he has all rights, as clients expect of files that they have made.
bool has_all_rights(const core::Share& share, const ports::Identity& identity,
                    const ports::FileInfo& info, std::uint32_t access) {
  constexpr std::uint32_t kReadsAndWrites = Access::kReadData | Access::kWriteData;
  return share.act_as_user && identity.credentials.act_as_user && !info.is_directory &&
         info.uid == identity.credentials.uid && (access & kReadsAndWrites) == kReadsAndWrites;
}

}  // namespace

Task<Result<SecurityDescriptor>> descriptor_of(ports::IoContext io, const core::Share& share,
                                               ports::File& file, const ports::FileInfo& info) {
  Result<std::optional<ByteVec>> stored = co_await file.security(io);
  if (!stored) co_return fail(stored.error());
  co_return descriptor_from(*stored, share, info);
}

Task<Result<std::uint32_t>> maximal_access_of(ports::IoContext io, const core::TreeConnect& tree,
                                              const ports::Identity& identity, ports::File& file,
                                              const ports::FileInfo& info, std::string_view path) {
  Result<std::optional<ByteVec>> stored = co_await file.security(io);
  if (!stored) co_return fail(stored.error());
  Result<SecurityDescriptor> sd = descriptor_from(*stored, *tree.share, info);
  if (!sd) co_return fail(sd.error());
  core::AccessToken token = token_of(identity);
  std::uint32_t access = core::maximum_access(*sd, token);
  if (!*stored && has_all_rights(*tree.share, identity, info, access))
    access |= Access::kAll & ~Access::kDelete;
  constexpr std::uint32_t kOfParent = Access::kDelete | Access::kReadAttributes;
  if ((access & kOfParent) != kOfParent && !path.empty()) {
    Result<ports::Opened> parent =
        co_await tree.share->vfs->open(io, core::parent_path(path), ports::OpenHow{});
    if (parent) {
      Result<SecurityDescriptor> parent_sd =
          co_await descriptor_of(io, *tree.share, *parent->file, parent->info);
      std::uint32_t above = parent_sd ? core::maximum_access(*parent_sd, token) : 0;
      if ((above & Access::kDeleteChild) != 0) access |= Access::kDelete;
      if ((above & Access::kListDirectory) != 0) access |= Access::kReadAttributes;
    }
  }
  co_return access& tree.maximal_access;
}

}  // namespace holdfast::service
