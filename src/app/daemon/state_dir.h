// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "base/guid.h"
#include "ports/random.h"

namespace holdfast::app {

/// Makes the folder (mode 0700) if it is missing. The error is a sentence.
std::expected<void, std::string> prepare_state_dir(const std::string& path);

/// The server's GUID (MS-SMB2 3.3.1.5 ServerGuid): the one in FOLDER/server-guid, or a new one that
/// is written there. Clients take a server with another GUID for another server.
std::expected<Guid, std::string> load_server_guid(const std::string& state_dir,
                                                  ports::Random& random);

/// Replaces a file whole: written beside, synced, renamed, folder synced. Owner and mode of a file
/// that is there stay; a new one gets this mode.
std::expected<void, std::string> replace_file(const std::string& path, std::string_view text,
                                              unsigned mode);

}  // namespace holdfast::app
