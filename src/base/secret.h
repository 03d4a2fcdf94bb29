// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace holdfast {

/// Zeros that the compiler may not leave out, over what was secret.
inline void clear_secret(MutBytes octets) {
  if (octets.empty()) return;
  std::memset(octets.data(), 0, octets.size());
  // Whoever looks at memory from outside would see it: so it has to be there.
  __asm__ volatile("" : : "r"(octets.data()) : "memory");
}

}  // namespace holdfast
