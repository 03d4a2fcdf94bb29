// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "service/server/request.h"
#include "wire/fscc/directory_information.h"
#include "wire/fscc/info_class.h"
#include "wire/smb2/create_context.h"

/// What only a client hears that has sent an AAPL create context in its session. Others never see a
/// difference.
///
/// Such a client is told no file ids: it takes an id for the file, and those of most Unix file
/// systems are given to another file when one is gone. It makes its own from the names then.
namespace holdfast::service::handlers {

/// The session has agreed on this capability (0: on AAPL at all), and the share speaks it.
bool speaks_apple(const Request& r, std::uint64_t capability = 0);

/// Takes note of what the client can, and answers (Apple's SMB client, "Server Query"); nothing
/// where the share does not speak it, and to a command that was not offered.
std::optional<wire::smb2::AaplResponse> answer_aapl(Request& r,
                                                    const wire::smb2::AaplRequest& asked);

/// Permissions and kind of an object as UNIX has them in 16 bits.
std::uint32_t unix_mode(const ports::FileInfo& info);

/// What a listing tells of an entry: no id, and, where they were agreed on, Finder information,
/// resource fork, maximal access and mode.
Task<void> add_apple_attributes(Request& r, ports::File& directory,
                                wire::fscc::FileInfoClass info_class,
                                wire::fscc::DirectoryEntry& entry);

/// A named stream without octets is none to a Mac: it is not listed, and only who would create it
/// opens it.
bool is_no_stream(const Request& r, std::string_view stream, std::uint64_t size);

}  // namespace holdfast::service::handlers
