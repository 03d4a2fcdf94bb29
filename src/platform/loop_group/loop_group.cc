// SPDX-License-Identifier: Apache-2.0
#include "platform/loop_group/loop_group.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <system_error>

#include "base/assert.h"
#include "platform/epoll/epoll_loop.h"
#include "platform/uring/uring_loop.h"

namespace holdfast::platform {
namespace {

unsigned usable_cpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

std::string_view to_string(LoopKind kind) {
  switch (kind) {
    case LoopKind::kAuto: return "auto";
    case LoopKind::kUring: return "uring";
    case LoopKind::kEpoll: return "epoll";
  }
  return "?";
}

LoopGroup::LoopGroup(const LoopGroupOptions& options)
    : options_(options),
      connections_(std::make_shared<ConnectionLimit>(options.max_connections)),
      pool_(options.max_blocking_threads) {}

LoopGroup::~LoopGroup() { stop(); }

std::expected<std::unique_ptr<LoopGroup>, std::string> LoopGroup::start(
    const LoopGroupOptions& options) {
  std::unique_ptr<LoopGroup> group(new LoopGroup(options));
  bool uring = false;
  if (options.kind == LoopKind::kEpoll) {
    group->kind_reason_ = "epoll, as configured";
  } else if (auto probe = probe_uring(); probe) {
    uring = true;
    group->kind_reason_ = *probe;
  } else if (options.kind == LoopKind::kUring) {
    return std::unexpected("cannot use io_uring: " + probe.error());
  } else {
    group->kind_reason_ = "epoll, because " + probe.error();
  }
  group->kind_ = uring ? LoopKind::kUring : LoopKind::kEpoll;
  try {
    group->add_loops(options.loops == 0 ? usable_cpus() : options.loops, uring);
  } catch (const std::system_error& error) {
    return std::unexpected(std::string("cannot start the event loops: ") + error.what());
  }
  return group;
}

void LoopGroup::add_loops(unsigned count, bool uring) {
  for (unsigned i = 0; i < count; ++i) {
    EventLoopOptions options;
    options.index = i;
    options.pool = &pool_;
    options.connections = connections_;
    options.events = options_.events;
    options.keep_alive = options_.keep_alive;
    options.flush_limit_us = options_.flush_limit_us;
    options.linger_limit_us = options_.linger_limit_us;
    options.outlive = options_.outlive;
    loops_.push_back(uring ? make_uring_loop(options)
                           : std::unique_ptr<EventLoop>(std::make_unique<EpollLoop>(options)));
  }
  listeners_.resize(count);
  SignalsBlocked no_signals;
  for (auto& loop : loops_) {
    threads_.emplace_back([&loop] { loop->run(); });
    std::string name = "hf-loop-" + std::to_string(loop->index());
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

void LoopGroup::on_all_loops(const std::function<void(EventLoop&)>& fn) {
  std::latch done(static_cast<std::ptrdiff_t>(threads_.size()));
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    loops_[i]->post([&fn, &done, &loop = *loops_[i]] {
      HF_ASSERT(loop.on_loop_thread());
      fn(loop);
      done.count_down();
    });
  }
  done.wait();
}

std::expected<ListenerInfo, std::string> LoopGroup::listen(const ports::Endpoint& at,
                                                           ports::AcceptHandler handler) {
  auto opened = open_listeners(at, size());
  if (!opened) return std::unexpected(std::move(opened.error()));
  on_all_loops([&](EventLoop& loop) {
    unsigned i = loop.index();
    listeners_[i].emplace_back().push_back(
        std::make_unique<Listener>(loop, std::move(opened->sockets[i]), handler));
  });
  bound_.push_back(opened->bound);
  return ListenerInfo{opened->bound, std::move(opened->note)};
}

void LoopGroup::stop_listening() {
  on_all_loops([&](EventLoop& loop) { listeners_[loop.index()].clear(); });
  bound_.clear();
}

bool LoopGroup::stop_listening(const ports::Endpoint& bound) {
  auto found = std::find(bound_.begin(), bound_.end(), bound);
  if (found == bound_.end()) return false;
  auto nth = found - bound_.begin();
  on_all_loops([&](EventLoop& loop) {
    auto& mine = listeners_[loop.index()];
    mine.erase(mine.begin() + nth);
  });
  bound_.erase(found);
  return true;
}

void LoopGroup::pause_listening(bool pause) {
  on_all_loops([&](EventLoop& loop) {
    for (OfAddress& of_address : listeners_[loop.index()])
      for (auto& listener : of_address) pause ? listener->pause() : listener->resume();
  });
}

std::vector<ListeningSockets> LoopGroup::listening_sockets() const {
  std::vector<ListeningSockets> out;
  for (std::size_t nth = 0; nth < bound_.size(); ++nth) {
    ListeningSockets& sockets = out.emplace_back();
    sockets.bound = bound_[nth];
    for (const auto& of_loop : listeners_)
      for (const auto& listener : of_loop[nth]) sockets.sockets.push_back(listener->socket());
  }
  return out;
}

void LoopGroup::adopt_listener(const ports::Endpoint& bound, std::vector<UniqueFd> sockets,
                               ports::AcceptHandler handler) {
  // A loop without a socket of its own shares one: the kernel wakes whoever is free.
  for (std::size_t i = 0; !sockets.empty() && sockets.size() < size(); ++i)
    sockets.emplace_back(::fcntl(sockets[i].get(), F_DUPFD_CLOEXEC, 0));
  on_all_loops([&](EventLoop& loop) {
    OfAddress& mine = listeners_[loop.index()].emplace_back();
    for (std::size_t i = loop.index(); i < sockets.size(); i += size())
      mine.push_back(std::make_unique<Listener>(loop, std::move(sockets[i]), handler));
  });
  bound_.push_back(bound);
}

struct LoopGroup::Parking {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t parked = 0;
  bool over = false;
};

void LoopGroup::park() {
  parking_ = std::make_shared<Parking>();
  for (auto& loop : loops_)
    loop->post([parking = parking_] {
      std::unique_lock lock(parking->mutex);
      ++parking->parked;
      parking->changed.notify_all();
      parking->changed.wait(lock, [&] { return parking->over; });
    });
  std::unique_lock lock(parking_->mutex);
  parking_->changed.wait(lock, [&] { return parking_->parked == loops_.size(); });
}

void LoopGroup::unpark() {
  std::shared_ptr<Parking> parking = std::exchange(parking_, nullptr);
  std::lock_guard lock(parking->mutex);
  parking->over = true;
  parking->changed.notify_all();
}

std::size_t LoopGroup::pending() {
  std::size_t all = 0;
  for (auto& loop : loops_) all += loop->pending();
  return all;
}

void LoopGroup::on_signals(const std::vector<int>& signals, std::function<void(int)> fn) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal_fd_.reset(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  HF_ASSERT(signal_fd_.valid());
  loops_[0]->post([this, fn = std::move(fn)] {
    signal_watch_ = loops_[0]->watch_readable(signal_fd_.get(), [this, fn] {
      signalfd_siginfo info;
      while (::read(signal_fd_.get(), &info, sizeof info) == sizeof info)
        fn(static_cast<int>(info.ssi_signo));
    });
  });
}

void LoopGroup::wait_until_idle(std::uint64_t grace_us) {
  // A loop that is idle can get work from another one until all are, so ask again until one round
  // finds all of them idle.
  auto force = std::make_shared<std::atomic<bool>>(false);
  on_all_loops([&](EventLoop& loop) {
    loop.close_streams();
    loop.start_timer(grace_us, [&loop, force] {
      force->store(true);
      loop.abort_streams();
    });
  });
  for (bool all_idle = false; !all_idle;) {
    std::latch idle(static_cast<std::ptrdiff_t>(threads_.size()));
    for (auto& loop : loops_) {
      loop->post([&loop = *loop, &idle, force] {
        // Connections that came in meanwhile.
        if (force->load()) loop.abort_streams();
        loop.when_idle([&idle] { idle.count_down(); });
      });
    }
    idle.wait();
    std::atomic<bool> still{true};
    on_all_loops([&](EventLoop& loop) {
      if (!loop.idle()) still = false;
    });
    all_idle = still;
  }
}

void LoopGroup::stop(std::uint64_t grace_us) {
  if (stopped_) return;
  stopped_ = true;
  if (threads_.size() == loops_.size() && !threads_.empty()) {
    stop_listening();
    on_all_loops([this](EventLoop& loop) {
      if (loop.index() == 0) signal_watch_.reset();
    });
    wait_until_idle(grace_us);
  }
  for (std::size_t i = 0; i < threads_.size(); ++i) loops_[i]->exit();
  for (auto& thread : threads_) thread.join();
  pool_.stop();
  loops_.clear();
}

}  // namespace holdfast::platform
