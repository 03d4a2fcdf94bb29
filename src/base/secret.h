// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace holdfast {

/// Zeros that the compiler may not leave out, over what was secret.
inline void clear_secret(MutBytes octets) {
  for (volatile std::uint8_t* p = octets.data(); p != octets.data() + octets.size(); ++p) *p = 0;
}

}  // namespace holdfast
