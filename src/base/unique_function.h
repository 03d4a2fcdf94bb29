// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace holdfast {

/// A callable that is moved, never copied: what is posted to a loop.
using UniqueFunction = std::move_only_function<void()>;

}  // namespace holdfast
