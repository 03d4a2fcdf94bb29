// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/access/token.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::core {

/// Unix ids to SIDs. Without a better mapping: S-1-22-1-uid and S-1-22-2-gid.
class SidMapper {
 public:
  virtual ~SidMapper() = default;
  virtual Sid sid_of_uid(std::uint32_t uid) const { return sids::kUnixUsers.with(uid); }
  virtual Sid sid_of_gid(std::uint32_t gid) const { return sids::kUnixGroups.with(gid); }
};

/// A file without a stored descriptor, as Samba shows it: owner, group, and a protected DACL of
/// three allow ACEs, for owner, group and Everyone, also where a triplet is empty. r, w and x are
/// what FILE_GENERIC_READ, _WRITE and _EXECUTE map to, for a directory w with DELETE_CHILD; rwx
/// together is full access, for a file without DELETE, which then depends on the directory. Only
/// the 0777 bits of the mode count.
wire::dtyp::SecurityDescriptor descriptor_of_mode(std::uint32_t mode, const Sid& owner,
                                                  const Sid& group, bool is_directory);
/// The same with ids.
wire::dtyp::SecurityDescriptor descriptor_of_mode(std::uint32_t mode, std::uint32_t uid,
                                                  std::uint32_t gid, const SidMapper& map,
                                                  bool is_directory);

/// The 0777 bits that come nearest to a descriptor: for each of owner, group and others, r, w and x
/// where a token of just that kind gets FILE_READ_DATA, FILE_WRITE_DATA, FILE_EXECUTE.
/// Never more than the DACL gives to that triplet.
std::uint32_t mode_of_descriptor(const wire::dtyp::SecurityDescriptor& sd);

}  // namespace holdfast::core
