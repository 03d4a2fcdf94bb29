// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/stream_base.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace holdfast::platform {

using ports::CloseReason;

StreamBase::StreamBase(EventLoop& loop, UniqueFd fd, const ports::Endpoint& peer)
    : loop_(loop),
      fd_(std::move(fd)),
      peer_(peer),
      local_(local_endpoint(fd_.get())),
      place_(loop.options().connections),
      may_have_copy_(loop.options().outlive != nullptr) {}

StreamBase::~StreamBase() {
  // A stream that was never started; it may be dropped after its loop has gone.
  HF_ASSERT(state_ == State::kNew || state_ == State::kClosed);
  let_go_of_socket();
}

void StreamBase::start(std::shared_ptr<ports::StreamHandler> handler) {
  HF_ASSERT(loop_.on_loop_thread() && handler_ == nullptr);
  handler_ = std::move(handler);
  self_ = shared_from_this();
  loop_.add(*this);
  if (state_ == State::kClosed) {
    state_ = State::kFlushing;
    end(CloseReason::kLocal, true);
    return;
  }
  state_ = State::kOpen;
  if (!queue_.empty()) loop_.schedule(*this);
  begin();
}

void StreamBase::send(Buffer data) {
  HF_ASSERT(loop_.on_loop_thread());
  bool takes = state_ == State::kOpen || state_ == State::kNew ||
               (state_ == State::kFlushing && reason_ == CloseReason::kPeer);
  if (!takes || data.empty()) return;
  queue_.push(std::move(data));
  if (queue_.octets() > seen_queued_) seen_queued_ = queue_.octets();
  if (state_ != State::kNew) loop_.schedule(*this);
}

std::size_t StreamBase::unconfirmed() const {
  int in_kernel = 0;
  if (!fd_.valid() || ::ioctl(fd_.get(), SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
  return queue_.octets() + static_cast<std::size_t>(std::max(in_kernel, 0));
}

void StreamBase::pause_receiving() { paused_ = true; }

void StreamBase::resume_receiving() {
  HF_ASSERT(loop_.on_loop_thread());
  if (!std::exchange(paused_, false)) return;
  if (state_ == State::kOpen) receive_again();
}

void StreamBase::suspend(UniqueFunction done) {
  HF_ASSERT(loop_.on_loop_thread());
  if (state_ != State::kOpen) return done();
  suspended_ = paused_ = true;
  if (quiesce()) return done();
  when_quiesced_ = std::move(done);
}

void StreamBase::quiesced() {
  if (when_quiesced_) std::exchange(when_quiesced_, {})();
}

void StreamBase::resume() {
  suspended_ = false;
  if (!queue_.empty() && state_ == State::kOpen) loop_.schedule(*this);
}

std::optional<ports::StreamImage> StreamBase::image() const {
  if (!suspended_ || state_ != State::kOpen) return std::nullopt;
  ports::StreamImage image;
  image.handle = static_cast<std::uint32_t>(fd_.get());
  image.peer = peer_;
  image.local = local_;
  undelivered(image.received);
  queue_.copy_to(image.unsent);
  return image;
}

void StreamBase::close() {
  HF_ASSERT(loop_.on_loop_thread());
  if (state_ == State::kNew) {
    let_go_of_socket();
    state_ = State::kClosed;
    return;
  }
  if (state_ == State::kFlushing) reason_ = CloseReason::kLocal;
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  suspended_ = false;
  reason_ = CloseReason::kLocal;
  set_limit(loop_.options().flush_limit_us);
  loop_.schedule(*this);
}

void StreamBase::abort() {
  HF_ASSERT(loop_.on_loop_thread());
  if (state_ == State::kNew) {
    reset_ = true;
    let_go_of_socket();
    state_ = State::kClosed;
    return;
  }
  end(CloseReason::kLocal, true);
}

void StreamBase::outlive(bool yes) {
  if (!fd_.valid() || !loop_.options().outlive || std::exchange(outlives_, yes) == yes) return;
  loop_.options().outlive(fd_.get(), yes);
}

void StreamBase::deliver(Bytes data) {
  if (state_ == State::kOpen) handler_->on_received(data);
}

void StreamBase::peer_ended() {
  if (state_ == State::kLingering) return end(CloseReason::kLocal, false);
  if (state_ != State::kOpen) return;
  if (queue_.empty()) return end(CloseReason::kPeer, false);
  state_ = State::kFlushing;
  reason_ = CloseReason::kPeer;
  set_limit(loop_.options().flush_limit_us);
}

void StreamBase::failed() {
  bool by_us =
      state_ == State::kLingering || (state_ == State::kFlushing && reason_ == CloseReason::kLocal);
  end(by_us ? CloseReason::kLocal : CloseReason::kError, true);
}

void StreamBase::sent(std::size_t octets) {
  queue_.consume(octets);
  if (state_ == State::kOpen && 2 * queue_.octets() < seen_queued_) {
    seen_queued_ = queue_.octets();
    handler_->on_send_progress();
  }
}

void StreamBase::service() {
  scheduled_ = false;
  if (state_ == State::kEnding) {
    if (!std::exchange(releasing_, true) && release()) finish();
    return;
  }
  if (state_ == State::kNew || state_ == State::kClosed) return;
  if (!queue_.empty() && state_ != State::kLingering && !suspended_) flush();
  if (queue_.empty() && state_ == State::kFlushing) flushed();
  serviced();
}

void StreamBase::flushed() {
  if (reason_ == CloseReason::kPeer) return end(CloseReason::kPeer, false);
  state_ = State::kLingering;
  ::shutdown(fd_.get(), SHUT_WR);
  set_limit(loop_.options().linger_limit_us);
  receive_again();
}

void StreamBase::set_limit(std::uint64_t delay_us) {
  if (limit_timer_ != 0) loop_.cancel_timer(limit_timer_);
  limit_timer_ = loop_.start_timer(delay_us, [this] {
    limit_timer_ = 0;
    end(reason_, state_ == State::kFlushing);
  });
}

void StreamBase::end(CloseReason reason, bool reset) {
  if (state_ >= State::kEnding) return;
  state_ = State::kEnding;
  reason_ = reason;
  reset_ = reset;
  if (limit_timer_ != 0) loop_.cancel_timer(std::exchange(limit_timer_, 0));
  loop_.schedule(*this);
}

void StreamBase::let_go_of_socket() {
  if (!fd_.valid()) return;
  if (reset_) {
    linger at_once{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  // A copy of the socket elsewhere would keep the connection.
  if (may_have_copy_) ::shutdown(fd_.get(), SHUT_RDWR);
  fd_.reset();
  if (place_) std::exchange(place_, nullptr)->release();
}

void StreamBase::finish() {
  HF_ASSERT(state_ == State::kEnding);
  state_ = State::kClosed;
  quiesced();
  let_go_of_socket();
  queue_.clear();
  loop_.remove(*this);
  // The handler may hold the last reference to this stream, and the stream one to the handler.
  loop_.bury(std::move(self_));
  auto handler = std::move(handler_);
  handler->on_closed(reason_);
}

}  // namespace holdfast::platform
