// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>

#include "base/nt_status.h"

namespace holdfast {

/// A value, or the NTSTATUS that the client is told.
template <class T>
using Result = std::expected<T, NtStatus>;

/// `return fail(NtStatus::kAccessDenied);`
inline std::unexpected<NtStatus> fail(NtStatus status) { return std::unexpected(status); }

}  // namespace holdfast
