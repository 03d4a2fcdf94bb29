// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "crypto/provider.h"

namespace holdfast::platform {

/// AES-128-CMAC with AES-NI or VAES, in lanes for a batch, around `next`, which does everything
/// else. Null if this CPU has no AES-NI; `next` is then untouched. allow_vaes: false leaves out the
/// VAES kernels, for tests.
std::unique_ptr<crypto::Provider> make_x86_provider(std::unique_ptr<crypto::Provider>& next,
                                                    bool allow_vaes = true);

}  // namespace holdfast::platform
