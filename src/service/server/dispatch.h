// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "service/server/request.h"

namespace holdfast::service {

/// Runs one request: the checks that all commands share, by a table (MS-SMB2 3.3.5.2), then its
/// handler.
Task<Reply> dispatch(Request& request, bool is_smb1_negotiate, std::function<void()> flush_answers);

/// Octets that the answers of a batch may have, for back pressure.
std::size_t batch_cost(const core::Batch& batch);

}  // namespace holdfast::service
