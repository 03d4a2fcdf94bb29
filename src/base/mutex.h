// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

namespace holdfast {

/// The one lock type. Held inside a synchronous call only, never across a wait
/// (docs/ARCHITECTURE.md).
using Mutex = std::mutex;
using Lock = std::lock_guard<Mutex>;

}  // namespace holdfast
