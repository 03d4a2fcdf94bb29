// SPDX-License-Identifier: Apache-2.0
#include "platform/uring/uring_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "platform/uring/uring_loop_impl.h"
#include "platform/uring/uring_stream.h"

namespace holdfast::platform {
namespace {

constexpr std::size_t kSendSlotsKept = 64;

/// A poll that is armed anew after each call, so that it reports a state, not a change.
class WatchOp final : public UringOp {
 public:
  WatchOp(UringLoop& loop, int fd, UniqueFunction fn) : loop_(loop), fd_(fd), fn_(std::move(fn)) {
    arm();
  }
  void on_complete(int, std::uint32_t) override {
    armed_ = false;
    if (!dead_) {
      calling_ = true;
      fn_();
      calling_ = false;
      if (!dead_) return arm();
    } else {
      loop_.operation_ended();
    }
    delete this;
  }
  /// The last call; deletes this when the kernel is done with it.
  void kill() {
    dead_ = true;
    if (armed_) {
      loop_.operation_started();
      io_uring_prep_cancel64(loop_.ring().sqe(std::uint64_t{0}),
                             reinterpret_cast<std::uint64_t>(static_cast<UringOp*>(this)), 0);
    } else if (!calling_) {
      delete this;
    }
  }

 private:
  void arm() {
    io_uring_prep_poll_add(loop_.ring().sqe(this), fd_, POLLIN);
    armed_ = true;
  }

  UringLoop& loop_;
  int fd_;
  UniqueFunction fn_;
  bool armed_ = false;
  bool calling_ = false;
  bool dead_ = false;
};

class UringWatch final : public FdWatch {
 public:
  explicit UringWatch(WatchOp* op) : op_(op) {}
  ~UringWatch() override { op_->kill(); }

 private:
  WatchOp* op_;
};

}  // namespace

std::expected<std::string, std::string> probe_uring() {
  Ring ring;
  auto setup = Ring::create(ring);
  if (!setup) return std::unexpected(std::move(setup.error()));
  ring.enable();
  io_uring_prep_nop(ring.sqe(std::uint64_t{7}));
  int submitted = io_uring_submit_and_wait(ring.get(), 1);
  io_uring_cqe* cqe = nullptr;
  if (submitted != 1 || io_uring_peek_cqe(ring.get(), &cqe) != 0 || cqe->user_data != 7)
    return std::unexpected("io_uring can be set up but does not work here");
  return setup->text;
}

std::unique_ptr<EventLoop> make_uring_loop(const EventLoopOptions& options) {
  return std::make_unique<UringLoop>(options);
}

UringLoop::UringLoop(const EventLoopOptions& options) : EventLoop(options) {
  auto setup = Ring::create(ring_);
  if (!setup) throw std::system_error(ENOMEM, std::system_category(), setup.error());
}

void UringLoop::enter() {
  ring_.enable();
  wake_.arm();
}

void UringLoop::WakeOp::arm() {
  io_uring_prep_poll_add(loop_.ring_.sqe(this), loop_.wake_fd(), POLLIN);
}

void UringLoop::WakeOp::on_complete(int, std::uint32_t) {
  eventfd_t ignored;
  ::eventfd_read(loop_.wake_fd(), &ignored);
  arm();
}

std::unique_ptr<FdWatch> UringLoop::watch_readable(int fd, UniqueFunction on_readable) {
  return std::make_unique<UringWatch>(new WatchOp(*this, fd, std::move(on_readable)));
}

std::shared_ptr<StreamBase> UringLoop::make_stream(UniqueFd fd, const ports::Endpoint& peer) {
  // On a non-blocking socket the ring would answer EAGAIN instead of waiting.
  ::fcntl(fd.get(), F_SETFL, 0);
  return std::make_shared<UringStream>(*this, std::move(fd), peer);
}

std::unique_ptr<SendSlot> UringLoop::take_send_slot() {
  if (send_slots_.empty()) return std::make_unique<SendSlot>();
  auto slot = std::move(send_slots_.back());
  send_slots_.pop_back();
  return slot;
}

void UringLoop::return_send_slot(std::unique_ptr<SendSlot> slot) {
  if (send_slots_.size() < kSendSlotsKept) send_slots_.push_back(std::move(slot));
}

void UringLoop::submit_and_wait(std::int64_t timeout_us) {
  int result;
  if (timeout_us == 0) {
    result = io_uring_submit_and_get_events(ring_.get());
  } else {
    __kernel_timespec time{timeout_us / 1'000'000, timeout_us % 1'000'000 * 1'000};
    io_uring_cqe* first = nullptr;
    result = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1,
                                              timeout_us < 0 ? nullptr : &time, nullptr);
  }
  // Too many completions at once, or no memory for a moment: handling completions is the cure.
  HF_ASSERT(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
            result == -EBUSY || result == -ENOMEM);
}

void UringLoop::handle_completions() {
  unsigned head;
  unsigned count = 0;
  io_uring_cqe* cqe;
  io_uring_for_each_cqe(ring_.get(), head, cqe) {
    ++count;
    if ((cqe->user_data & kFileOp) != 0) {
      file_io_.complete(*reinterpret_cast<FileOp*>(cqe->user_data & ~kFileOp), cqe->res);
    } else if (cqe->user_data != 0) {
      reinterpret_cast<UringOp*>(cqe->user_data)->on_complete(cqe->res, cqe->flags);
    }
  }
  io_uring_cq_advance(ring_.get(), count);
}

void UringLoop::wait(std::int64_t timeout_us) {
  submit_and_wait(timeout_us);
  handle_completions();
}

void UringFileIo::submit(FileOp& op) {
  loop_.operation_started();
  static_assert(alignof(FileOp) > UringLoop::kFileOp);
  io_uring_sqe* sqe = loop_.ring().sqe(reinterpret_cast<std::uint64_t>(&op) | UringLoop::kFileOp);
  auto size = static_cast<unsigned>(std::min<std::size_t>(op.size(), 1u << 30));
  switch (op.kind()) {
    case FileOp::Kind::kRead: io_uring_prep_read(sqe, op.fd(), op.data(), size, op.offset()); break;
    case FileOp::Kind::kWrite:
      io_uring_prep_write(sqe, op.fd(), op.data(), size, op.offset());
      break;
    case FileOp::Kind::kSync: io_uring_prep_fsync(sqe, op.fd(), 0); break;
    case FileOp::Kind::kDataSync: io_uring_prep_fsync(sqe, op.fd(), IORING_FSYNC_DATASYNC); break;
  }
}

void UringFileIo::complete(FileOp& op, int result) {
  loop_.operation_ended();
  if (result == -EINTR || result == -EAGAIN) return submit(op);
  op.set_result(result);
  op.resume();
}

}  // namespace holdfast::platform
