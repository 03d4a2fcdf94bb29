// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/system_clock.h"

#include <ctime>

namespace holdfast::platform {

NtTime SystemClock::now() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return NtTime::from_unix(t.tv_sec, static_cast<std::uint32_t>(t.tv_nsec));
}

std::uint64_t SystemClock::monotonic_us() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec) / 1'000;
}

}  // namespace holdfast::platform
