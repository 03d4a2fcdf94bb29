// SPDX-License-Identifier: Apache-2.0
#include "platform/uring/uring_stream.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/assert.h"

namespace holdfast::platform {
namespace {

/// Smaller parts of a frame are cheaper to copy out of a shared buffer, which may bring the next
/// frames along.
constexpr std::size_t kSmallestTarget = 16u << 10;
constexpr std::uint8_t kReceivesBeforeMany = 4;
constexpr std::uint64_t kReleaseRetry_us = 250'000;
constexpr std::uint64_t kQuiesceRetry_us = 20'000;

}  // namespace

UringStream::UringStream(UringLoop& loop, UniqueFd fd, const ports::Endpoint& peer)
    : StreamBase(loop, std::move(fd), peer), uring_loop_(loop) {}

void UringStream::receive_again() {
  arm_wanted_ = true;
  loop_.schedule(*this);
}

void UringStream::serviced() {
  if (!std::exchange(arm_wanted_, false) || !wants_octets()) return;
  if (held_) deliver_held();
  arm();
}

void UringStream::arm() {
  if (receiving_ != Receiving::kNone || !wants_octets()) return;
  target_ = target();
  if (target_.size() >= kSmallestTarget) {
    without_target_ = 0;
    receiving_ = Receiving::kTarget;
    io_uring_prep_recv(uring_loop_.ring().sqe(&receive_op_), fd(), target_.data(), target_.size(),
                       0);
    return;
  }
  io_uring_sqe* sqe = uring_loop_.ring().sqe(&receive_op_);
  if (without_target_ < kReceivesBeforeMany) {
    ++without_target_;
    receiving_ = Receiving::kShared;
    io_uring_prep_recv(sqe, fd(), nullptr, 0, 0);
    if (socket_empty_) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
  } else {
    receiving_ = Receiving::kMany;
    io_uring_prep_recv_multishot(sqe, fd(), nullptr, 0, 0);
  }
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = Ring::kBufferGroup;
}

void UringStream::on_receive(int result, std::uint32_t flags) {
  Receiving how = receiving_;
  bool last = (flags & IORING_CQE_F_MORE) == 0;
  if (last) {
    receiving_ = Receiving::kNone;
    stopping_many_ = false;
  }
  socket_empty_ = (flags & IORING_CQE_F_SOCK_NONEMPTY) == 0;
  Ring& ring = uring_loop_.ring();
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    auto id = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    if (result > 0) on_octets({ring.buffer(id), static_cast<std::size_t>(result)}, false);
    ring.give_back(id);
  } else if (result > 0) {
    HF_ASSERT(how == Receiving::kTarget);
    on_octets(target_.first(static_cast<std::size_t>(result)), true);
  }
  if (result == 0) {
    if (is_paused()) {
      if (!held_) held_ = std::make_unique<Held>();
      held_->end = true;
    } else {
      peer_ended();
    }
  } else if (result < 0) {
    on_receive_failed(-result);
  }
  if (last) {
    if (is_ending()) return release_if_done();
    if (!(held_ && held_->end)) arm();
    quiesce_if_done();
  } else if (is_ending() || !wants_octets() || target().size() >= kSmallestTarget) {
    stop_many();
  }
}

void UringStream::on_octets(Bytes data, bool in_target) {
  if (!is_paused()) return deliver(data);
  if (!held_) held_ = std::make_unique<Held>();
  if (in_target) {
    held_->in_target = data.size();
  } else {
    held_->octets.insert(held_->octets.end(), data.begin(), data.end());
  }
}

void UringStream::on_receive_failed(int error) {
  switch (error) {
    case ENOBUFS:    // All buffers of the loop are in this batch of completions: next time.
    case ECANCELED:  // By stop_many() or release().
    case EAGAIN:
    case EINTR: return;
    default: failed();
  }
}

void UringStream::deliver_held() {
  std::unique_ptr<Held> held = std::move(held_);
  // One receive was in progress when the user paused: either into the target or into buffers.
  if (held->in_target != 0) deliver(target_.first(held->in_target));
  if (!held->octets.empty() && wants_octets()) {
    deliver(held->octets);
    held->octets.clear();
  }
  if (!wants_octets() && !is_ending()) {
    held->in_target = 0;
    if (held->end || !held->octets.empty()) held_ = std::move(held);
  } else if (held->end) {
    peer_ended();
  }
}

void UringStream::stop_many() {
  if (receiving_ != Receiving::kMany || std::exchange(stopping_many_, true)) return;
  without_target_ = 0;
  io_uring_prep_cancel64(uring_loop_.ring().sqe(std::uint64_t{0}),
                         reinterpret_cast<std::uint64_t>(static_cast<UringOp*>(&receive_op_)), 0);
}

void UringStream::flush() {
  if (send_slot_) return;
  send_slot_ = uring_loop_.take_send_slot();
  msghdr& message = send_slot_->message;
  message.msg_iov = send_slot_->pieces;
  message.msg_iovlen = queue_.fill(send_slot_->pieces, SendSlot::kPieces);
  io_uring_prep_sendmsg(uring_loop_.ring().sqe(&send_op_), fd(), &message, MSG_NOSIGNAL);
}

void UringStream::on_send(int result) {
  uring_loop_.return_send_slot(std::move(send_slot_));
  if (is_ending()) return release_if_done();
  // Cancelled by quiesce() before the kernel took anything.
  bool put_off = is_suspended() && result == -ECANCELED;
  if (result >= 0) {
    sent(static_cast<std::size_t>(result));
  } else if (result != -EAGAIN && result != -EINTR && !put_off) {
    return failed();
  }
  // For the rest of the queue, or for what follows a queue that is empty now.
  loop_.schedule(*this);
  quiesce_if_done();
}

bool UringStream::quiesce() {
  if (!in_progress()) return true;
  io_uring_prep_cancel_fd(uring_loop_.ring().sqe(std::uint64_t{0}), fd(), IORING_ASYNC_CANCEL_ALL);
  // As in cancel_all(): one could have been missed.
  quiesce_timer_ = loop_.start_timer(kQuiesceRetry_us, [this] {
    quiesce_timer_ = 0;
    if (is_suspended() && !is_ending()) (void)quiesce();
  });
  return false;
}

void UringStream::quiesce_if_done() {
  if (!is_suspended() || in_progress()) return;
  if (quiesce_timer_ != 0) loop_.cancel_timer(std::exchange(quiesce_timer_, 0));
  quiesced();
}

void UringStream::undelivered(ByteVec& out) const {
  if (held_ == nullptr) return;
  out.insert(out.end(), target_.data(), target_.data() + held_->in_target);
  out.insert(out.end(), held_->octets.begin(), held_->octets.end());
}

bool UringStream::release() {
  if (quiesce_timer_ != 0) loop_.cancel_timer(std::exchange(quiesce_timer_, 0));
  if (!in_progress()) return true;
  releasing_ = true;
  cancel_all();
  return false;
}

void UringStream::cancel_all() {
  io_uring_prep_cancel_fd(uring_loop_.ring().sqe(std::uint64_t{0}), fd(), IORING_ASYNC_CANCEL_ALL);
  // An operation between two states could have missed it.
  release_timer_ = loop_.start_timer(kReleaseRetry_us, [this] {
    ::shutdown(fd(), SHUT_RDWR);
    cancel_all();
  });
}

void UringStream::release_if_done() {
  // Without releasing_, service() is still to come and finds nothing in progress.
  if (!releasing_ || in_progress()) return;
  loop_.cancel_timer(release_timer_);
  released();
}

}  // namespace holdfast::platform
