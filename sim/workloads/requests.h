// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/client/client.h"

namespace holdfast::sim {

/// A valid request of every command and of every kind that matters, for a client that has logged on
/// and has a file and a directory open. NEGOTIATE and SESSION_SETUP come from a recording.
std::vector<Part> valid_requests(Client& client, wire::smb2::FileId file,
                                 wire::smb2::FileId directory);

}  // namespace holdfast::sim
