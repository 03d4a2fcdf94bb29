// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/guid.h"

namespace holdfast::ports {

/// Random octets fit for keys, challenges and nonces (in the simulator: seeded).
class Random {
 public:
  virtual ~Random() = default;
  /// Thread-safe. Never fails.
  virtual void fill(MutBytes out) = 0;

  std::uint64_t u64() {
    std::uint8_t octets[8];
    fill(octets);
    return load_u64(octets);
  }
  Guid guid() {
    Guid g;
    fill(g.octets);
    return g;
  }
};

}  // namespace holdfast::ports
