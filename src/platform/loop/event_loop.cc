// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/event_loop.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/assert.h"
#include "platform/loop/stream_base.h"

namespace holdfast::platform {
namespace {

thread_local const EventLoop* current_loop = nullptr;

}  // namespace

EventLoop::EventLoop(const EventLoopOptions& options)
    : options_(options), wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_fd_.valid()) throw std::system_error(errno, std::system_category(), "eventfd");
}

EventLoop::~EventLoop() { HF_ASSERT(first_stream_ == nullptr); }

bool EventLoop::on_loop_thread() const { return current_loop == this; }

void EventLoop::post(UniqueFunction fn) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(fn));
    wake = std::exchange(asleep_, false);
  }
  if (wake) ::eventfd_write(wake_fd_.get(), 1);
}

void EventLoop::exit() {
  exit_.store(true, std::memory_order_release);
  post([] {});
}

ports::TimerId EventLoop::start_timer(std::uint64_t delay_us, UniqueFunction fn) {
  HF_ASSERT(on_loop_thread());
  return timers_.start(clock_.monotonic_us() + delay_us, std::move(fn));
}

bool EventLoop::cancel_timer(ports::TimerId id) {
  HF_ASSERT(on_loop_thread());
  return timers_.cancel(id);
}

void EventLoop::run_blocking(UniqueFunction work, UniqueFunction done) {
  HF_ASSERT(on_loop_thread());
  operation_started();
  options_.pool->submit([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = {};
    post([this, done = std::move(done)]() mutable {
      operation_ended();
      done();
    });
  });
}

void EventLoop::emit(const Event& event) {
  if (options_.events != nullptr) options_.events->emit(event);
}

void EventLoop::schedule(StreamBase& stream) {
  if (std::exchange(stream.scheduled_, true)) return;
  scheduled_.push_back(&stream);
}

void EventLoop::add(StreamBase& stream) {
  stream.next_ = first_stream_;
  if (first_stream_ != nullptr) first_stream_->previous_ = &stream;
  first_stream_ = &stream;
}

void EventLoop::remove(StreamBase& stream) {
  if (stream.previous_ != nullptr) stream.previous_->next_ = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  if (first_stream_ == &stream) first_stream_ = stream.next_;
  stream.next_ = stream.previous_ = nullptr;
  if (stream.scheduled_) std::erase(scheduled_, &stream);
}

void EventLoop::close_streams() {
  for (StreamBase* stream = first_stream_; stream != nullptr; stream = stream->next_)
    stream->close();
}

void EventLoop::abort_streams() {
  for (StreamBase* stream = first_stream_; stream != nullptr; stream = stream->next_)
    stream->abort();
}

void EventLoop::run_posted() {
  {
    std::lock_guard lock(mutex_);
    asleep_ = false;
    running_.swap(posted_);
  }
  for (run_ = 0; run_ < running_.size();) {
    UniqueFunction& fn = running_[run_++];
    fn();
    fn = {};
  }
  running_.clear();
  run_ = 0;
  if (running_.capacity() > 4'096) std::vector<UniqueFunction>().swap(running_);
}

void EventLoop::run_pending() {
  servicing_.swap(scheduled_);
  // A stream that ends here removes itself from scheduled_ alone; it is serviced once a turn.
  for (StreamBase* stream : servicing_) stream->service();
  servicing_.clear();
}

std::int64_t EventLoop::timeout_us() {
  auto deadline = timers_.next_deadline_us();
  if (!scheduled_.empty()) return 0;
  std::lock_guard lock(mutex_);
  if (!posted_.empty()) return 0;
  if (deadline) {
    std::uint64_t now = clock_.monotonic_us();
    if (*deadline <= now) return 0;
    asleep_ = true;
    return static_cast<std::int64_t>(std::min<std::uint64_t>(*deadline - now, 3'600'000'000));
  }
  asleep_ = true;
  return -1;
}

void EventLoop::turn() {
  run_posted();
  timers_.run_due(clock_.monotonic_us());
  run_pending();
  // Destructors of the buried may bury others.
  for (auto dead = std::exchange(buried_, {}); !dead.empty();) dead.pop_back();
  if (idle() && when_idle_) std::exchange(when_idle_, {})();
}

std::size_t EventLoop::pending() {
  std::lock_guard lock(mutex_);
  return posted_.size() + (running_.size() - run_) + scheduled_.size() + outstanding_;
}

std::shared_ptr<ports::Stream> EventLoop::adopt(UniqueFd fd) {
  // It had a place before.
  options_.connections->take_anyway();
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  ports::Endpoint peer = peer_endpoint(fd.get());
  return make_stream(std::move(fd), peer);
}

bool EventLoop::finished() {
  if (!exit_.load(std::memory_order_acquire) || !idle() || !scheduled_.empty()) return false;
  std::lock_guard lock(mutex_);
  return posted_.empty();
}

void EventLoop::run() {
  current_loop = this;
  enter();
  for (;;) {
    turn();
    if (finished()) break;
    wait(timeout_us());
  }
  timers_.clear();
  leave();
  current_loop = nullptr;
}

}  // namespace holdfast::platform
