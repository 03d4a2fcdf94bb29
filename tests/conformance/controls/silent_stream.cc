// SPDX-License-Identifier: Apache-2.0
#include "conformance/controls/silent_stream.h"

#include <csignal>

namespace holdfast::conformance {

// As platform/loop asks of the kernel.
constexpr std::uint64_t kUnacknowledged_us = 24'000'000;

/// Hears of the end of the connection first.
class SilentStream::Watcher : public ports::StreamHandler {
 public:
  Watcher(std::weak_ptr<SilentStream> stream, std::shared_ptr<ports::StreamHandler> next)
      : stream_(std::move(stream)), next_(std::move(next)) {}

  MutBytes receive_target() override { return next_->receive_target(); }
  void on_received(Bytes data) override { next_->on_received(data); }
  void on_send_progress() override { next_->on_send_progress(); }
  void on_closed(ports::CloseReason reason) override {
    auto stream = stream_.lock();
    if (stream != nullptr && stream->is_fatal_ && stream->is_fatal_()) std::raise(SIGKILL);
    next_->on_closed(reason);
  }

 private:
  std::weak_ptr<SilentStream> stream_;
  std::shared_ptr<ports::StreamHandler> next_;
};

void SilentStream::start(std::shared_ptr<ports::StreamHandler> handler) {
  inner_->start(std::make_shared<Watcher>(weak_from_this(), std::move(handler)));
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
