// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "crypto/provider.h"

namespace holdfast::platform {

/// AES-GCM and AES-GMAC by intel-ipsec-mb around `next`, which does everything else. Null if this
/// CPU lacks what the library needs or its self test fails; `next` is then untouched.
std::unique_ptr<crypto::Provider> make_ipsecmb_provider(std::unique_ptr<crypto::Provider>& next);

}  // namespace holdfast::platform
