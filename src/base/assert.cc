// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace holdfast {

void assert_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "holdfast: assertion failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace holdfast
