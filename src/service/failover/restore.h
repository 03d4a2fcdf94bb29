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

/// How long a restored open waits for its client (milliseconds): as long as it was promised, or,
/// when nobody tells the client of the takeover and it left the time to the server, as long as a
/// client may take to notice by itself (MS-SMB2 3.3.5.9.10: the time is the server's choice then).
std::uint32_t time_to_come_back_ms(const core::OpenRecord& record, bool is_told);
/// Whose a disconnected open is: the service itself acts for him, since what the client was allowed
/// was decided when it opened.
std::shared_ptr<const ports::Identity> owner_of(const core::OpenRecord& record,
                                                const core::Share& share);
/// The object under one of the names that the record has: the same inode, on whatever device the
/// volume is now. kObjectNameNotFound when it is not there.
Task<Result<ports::Opened>> open_object(ports::IoContext io, const core::Share& share,
                                        const core::OpenRecord& record);

}  // namespace holdfast::service
