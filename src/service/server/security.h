// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/access/access_check.h"
#include "core/session/session.h"
#include "ports/vfs.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::service {

core::AccessToken token_of(const ports::Identity& identity);

/// The security descriptor in force on an object: the stored one; without it what the POSIX mode
/// says, or, on a share served as one service account, full access for everybody who may connect
/// (what that account may not do, the kernel still refuses).
Task<Result<wire::dtyp::SecurityDescriptor>> descriptor_of(ports::IoContext io,
                                                           const core::Share& share,
                                                           ports::File& file,
                                                           const ports::FileInfo& info);

/// Everything the user may do with an object that exists: by its descriptor, by what the parent
/// allows with its children (DELETE_CHILD gives DELETE, LIST_DIRECTORY gives READ_ATTRIBUTES,
/// MS-FSA 2.1.5.1.2.1), and by the tree connect. Attributes do not count here. path is the
/// object's, to find the parent by.
Task<Result<std::uint32_t>> maximal_access_of(ports::IoContext io, const core::TreeConnect& tree,
                                              const ports::Identity& identity, ports::File& file,
                                              const ports::FileInfo& info, std::string_view path);

}  // namespace holdfast::service
