// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/nt_time.h"

namespace holdfast::ports {

/// Time, as far as anything below platform/ may know it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock, for timestamps that clients see. May jump.
  virtual NtTime now() = 0;
  /// Never goes back. Microseconds from an arbitrary origin.
  virtual std::uint64_t monotonic_us() = 0;
};

}  // namespace holdfast::ports
