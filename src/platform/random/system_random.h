// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/random.h"

namespace holdfast::platform {

/// getrandom(2), buffered per thread for small requests. Waits at most for the kernel's first
/// seeding after boot.
class SystemRandom final : public ports::Random {
 public:
  void fill(MutBytes out) override;
};

}  // namespace holdfast::platform
