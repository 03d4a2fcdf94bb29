// SPDX-License-Identifier: Apache-2.0
#include "conformance/controls/silent_stream.h"

#include <csignal>

namespace holdfast::conformance {

// As platform/loop asks of the kernel.
constexpr std::uint64_t kUnacknowledged_us = 24'000'000;

void SilentStream::start(std::shared_ptr<ports::StreamHandler> handler) {
  inner_->start(std::move(handler));
}

void SilentStream::close() {
  if (fatal_) std::raise(SIGKILL);
  inner_->close();
}

void SilentStream::abort() {
  if (fatal_) std::raise(SIGKILL);
  inner_->abort();
}

void SilentStream::send(Buffer data) {
  if (silent_) {
    if (unconfirmed_ == 0)
      loop_.start_timer(kUnacknowledged_us, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->abort();
      });
    unconfirmed_ += data.size();
  }
  inner_->send(std::move(data));
}

}  // namespace holdfast::conformance
