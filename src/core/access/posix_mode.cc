// SPDX-License-Identifier: Apache-2.0
#include "core/access/posix_mode.h"

#include "core/access/access_check.h"

namespace holdfast::core {
namespace {

using wire::dtyp::AccessMask;
using wire::dtyp::Acl;
using wire::dtyp::SecurityDescriptor;
namespace access = wire::dtyp::access;
namespace control = wire::dtyp::control;

constexpr std::uint32_t kRead = 4, kWrite = 2, kExecute = 1;

AccessMask mask_of_triplet(std::uint32_t bits, bool is_directory) {
  if (bits == 7) return is_directory ? access::kFileAll : access::kFileAll & ~access::kDelete;
  AccessMask mask = 0;
  if (bits & kRead) mask |= access::kFileGenericRead;
  if (bits & kWrite) mask |= access::kFileGenericWrite | (is_directory ? access::kDeleteChild : 0);
  if (bits & kExecute) mask |= access::kFileGenericExecute;
  return mask;
}

std::uint32_t triplet_of(const SecurityDescriptor& sd, const AccessToken& token) {
  AccessMask granted = maximum_access(sd, token);
  std::uint32_t bits = 0;
  if (granted & access::kReadData) bits |= kRead;
  if (granted & access::kWriteData) bits |= kWrite;
  if (granted & access::kExecute) bits |= kExecute;
  return bits;
}

}  // namespace

SecurityDescriptor descriptor_of_mode(std::uint32_t mode, const Sid& owner, const Sid& group,
                                      bool is_directory) {
  SecurityDescriptor sd;
  sd.owner = owner;
  sd.group = group;
  Acl acl;
  acl.aces.reserve(3);
  acl.aces.push_back({.mask = mask_of_triplet(mode >> 6 & 7, is_directory), .sid = owner});
  acl.aces.push_back({.mask = mask_of_triplet(mode >> 3 & 7, is_directory), .sid = group});
  acl.aces.push_back({.mask = mask_of_triplet(mode & 7, is_directory), .sid = sids::kEveryone});
  sd.set_dacl(std::move(acl));
  sd.control |= control::kDaclProtected;
  return sd;
}

SecurityDescriptor descriptor_of_mode(std::uint32_t mode, std::uint32_t uid, std::uint32_t gid,
                                      const SidMapper& map, bool is_directory) {
  return descriptor_of_mode(mode, map.sid_of_uid(uid), map.sid_of_gid(gid), is_directory);
}

std::uint32_t mode_of_descriptor(const SecurityDescriptor& sd) {
  AccessToken other{.user = sids::kEveryone};
  AccessToken owner = other, group = other;
  if (sd.owner) owner.groups.push_back(*sd.owner);
  if (sd.group) group.groups.push_back(*sd.group);
  return triplet_of(sd, owner) << 6 | triplet_of(sd, group) << 3 | triplet_of(sd, other);
}

}  // namespace holdfast::core
