// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "wire/dtyp/security_descriptor.h"

/// The UNIX side of an object in its descriptor, for clients that have no other way to see it: ACEs
/// that deny nothing, for S-1-5-88-1-uid, S-1-5-88-2-gid and S-1-5-88-3-mode (as the NFS services
/// of Windows write them; Apple's SMB client, kAAPL_SUPPORTS_NFS_ACE).
namespace holdfast::core::apple {

/// Adds the three at the end of the DACL; nothing to a descriptor without one.
void add_nfs_aces(wire::dtyp::SecurityDescriptor& sd, std::uint32_t mode, std::uint32_t uid,
                  std::uint32_t gid);

/// Takes all such ACEs out. The mode that they asked for, its permission bits; nullopt: they asked
/// for none. Owner and group are not changed this way.
std::optional<std::uint32_t> take_nfs_aces(wire::dtyp::SecurityDescriptor& sd);

}  // namespace holdfast::core::apple
