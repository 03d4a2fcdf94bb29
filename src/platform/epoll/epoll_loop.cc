// SPDX-License-Identifier: Apache-2.0
#include "platform/epoll/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "platform/epoll/epoll_stream.h"

namespace holdfast::platform {
namespace {

constexpr int kEventsPerTurn = 256;

class WatchSource final : public EpollSource {
 public:
  explicit WatchSource(UniqueFunction fn) : fn_(std::move(fn)) {}
  void on_events(std::uint32_t) override {
    if (!dead_) fn_();
  }
  void kill() { dead_ = true; }

 private:
  UniqueFunction fn_;
  bool dead_ = false;
};

class EpollWatch final : public FdWatch {
 public:
  EpollWatch(EpollLoop& loop, int fd, UniqueFunction fn)
      : loop_(loop), fd_(fd), source_(std::make_shared<WatchSource>(std::move(fn))) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = static_cast<EpollSource*>(source_.get())}};
    if (::epoll_ctl(loop_.epoll_fd(), EPOLL_CTL_ADD, fd_, &event) != 0)
      throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }
  ~EpollWatch() override {
    ::epoll_ctl(loop_.epoll_fd(), EPOLL_CTL_DEL, fd_, nullptr);
    source_->kill();
    loop_.bury(std::move(source_));
  }

 private:
  EpollLoop& loop_;
  int fd_;
  std::shared_ptr<WatchSource> source_;
};

int to_epoll_timeout(std::int64_t timeout_us) {
  return timeout_us < 0 ? -1 : static_cast<int>((timeout_us + 999) / 1'000);
}

}  // namespace

EpollLoop::EpollLoop(const EventLoopOptions& options)
    : EventLoop(options),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      receive_buffer_(new std::uint8_t[kReceiveBufferSize]),
      file_io_(*this) {
  if (!epoll_.valid()) throw std::system_error(errno, std::system_category(), "epoll_create1");
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd(), &event) != 0)
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
}

std::unique_ptr<FdWatch> EpollLoop::watch_readable(int fd, UniqueFunction on_readable) {
  return std::make_unique<EpollWatch>(*this, fd, std::move(on_readable));
}

std::shared_ptr<StreamBase> EpollLoop::make_stream(UniqueFd fd, const ports::Endpoint& peer) {
  return std::make_shared<EpollStream>(*this, std::move(fd), peer);
}

void EpollLoop::wait(std::int64_t timeout_us) {
  epoll_event events[kEventsPerTurn];
  int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, to_epoll_timeout(timeout_us));
  HF_ASSERT(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<EpollSource*>(events[i].data.ptr);
    if (source != nullptr) {
      source->on_events(events[i].events);
    } else {
      eventfd_t ignored;
      ::eventfd_read(wake_fd(), &ignored);
    }
  }
}

}  // namespace holdfast::platform
