// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/share.h"

/// Security descriptors in security.NTACL, and in user.NTACL where the process may not set the
/// former. Both are read and written on the service's account: the kernel lets nobody else, and
/// whether the user may is core's decision.
namespace holdfast::platform::posix {

Result<std::optional<ByteVec>> load_security(const Share& share, int fd);
/// kNotSupported where the file system keeps no extended attributes.
Result<void> store_security(const Share& share, int fd, Bytes descriptor);
/// Nothing is stored afterwards.
Result<void> remove_security(const Share& share, int fd);
/// Owner, group and mode, as far as given.
Result<void> change_ownership(const Credentials& who, int fd, std::optional<std::uint32_t> uid,
                              std::optional<std::uint32_t> gid, std::optional<std::uint32_t> mode);

}  // namespace holdfast::platform::posix
