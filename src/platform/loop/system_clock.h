// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/clock.h"

namespace holdfast::platform {

/// CLOCK_REALTIME and CLOCK_MONOTONIC. Thread-safe, without state.
class SystemClock final : public ports::Clock {
 public:
  NtTime now() override;
  std::uint64_t monotonic_us() override;
};

}  // namespace holdfast::platform
