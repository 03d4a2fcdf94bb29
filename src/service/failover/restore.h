// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/object/open_record.h"
#include "service/server/server.h"

namespace holdfast::service {

/// Opens the file of a record and enters its open: disconnected, to be reclaimed within the time
/// that its client was promised. The error says what is missing, for an administrator; empty: the
/// object was removed as the open wanted it, and nothing is lost.
Task<std::expected<core::OpenId, std::string>> restore_open(Server& server, ports::Executor& loop,
                                                            const ports::Volume& volume,
                                                            const core::OpenRecord& record);

/// Whose a disconnected open is: the service itself acts for him, since what the client was allowed
/// was decided when it opened.
std::shared_ptr<const ports::Identity> owner_of(const core::OpenRecord& record,
                                                const core::Share& share);
/// The object under one of the names that the record has: the same inode, on whatever device the
/// volume is now. kObjectNameNotFound when it is not there.
Task<Result<ports::Opened>> open_object(ports::IoContext io, const core::Share& share,
                                        const core::OpenRecord& record);

}  // namespace holdfast::service
