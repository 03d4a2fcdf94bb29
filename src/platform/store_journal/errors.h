// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/state_store.h"

namespace holdfast::platform::store {

/// "Cannot DO: REASON. HINT", and the status that goes with the errno.
ports::StoreError error_of(int error, const std::string& what);

}  // namespace holdfast::platform::store
