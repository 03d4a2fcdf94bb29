// SPDX-License-Identifier: Apache-2.0
#include "platform/uring/uring_loop.h"

#include <system_error>

namespace holdfast::platform {

std::expected<std::string, std::string> probe_uring() {
  return std::unexpected("this build has no io_uring loop");
}

std::unique_ptr<EventLoop> make_uring_loop(const EventLoopOptions&) {
  throw std::system_error(ENOSYS, std::system_category(), "io_uring");
}

}  // namespace holdfast::platform
