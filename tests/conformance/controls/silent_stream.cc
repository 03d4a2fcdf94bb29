// SPDX-License-Identifier: Apache-2.0
#include "conformance/controls/silent_stream.h"

namespace holdfast::conformance {

void SilentStream::fall_silent() {
  silent_ = true;
  inner_->pause_receiving();
}

void SilentStream::start(std::shared_ptr<ports::StreamHandler> handler) {
  inner_->start(std::move(handler));
}

void SilentStream::send(Buffer data) {
  if (silent_)
    lost_ += data.size();
  else
    inner_->send(std::move(data));
}

void SilentStream::resume_receiving() {
  if (!silent_) inner_->resume_receiving();
}

void SilentStream::close() {
  // What was to be sent before the end never goes out.
  if (silent_)
    inner_->abort();
  else
    inner_->close();
}

}  // namespace holdfast::conformance
