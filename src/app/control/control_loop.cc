// SPDX-License-Identifier: Apache-2.0
#include "app/control/control_loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

#include <algorithm>

#include "base/assert.h"

namespace holdfast::app {
namespace {

std::uint64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace

void ControlLoop::on_signals(const std::vector<int>& signals, std::function<void(int)> fn) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal_fd_.reset(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  HF_ASSERT(signal_fd_.valid());
  watch(signal_fd_.get(), POLLIN, [this, fn = std::move(fn)](short) {
    signalfd_siginfo info;
    while (::read(signal_fd_.get(), &info, sizeof info) == sizeof info)
      fn(static_cast<int>(info.ssi_signo));
  });
}

void ControlLoop::watch(int fd, short events, std::function<void(short)> fn) {
  watches_[fd] = {events, std::make_shared<std::function<void(short)>>(std::move(fn))};
}

void ControlLoop::unwatch(int fd) { watches_.erase(fd); }

void ControlLoop::every(std::uint64_t period_ms, std::function<void()> fn) {
  periodic_.push_back({period_ms, monotonic_ms() + period_ms, std::move(fn)});
}

int ControlLoop::timeout_ms() {
  if (!later_.empty()) return 0;
  if (periodic_.empty()) return -1;
  std::uint64_t now = monotonic_ms(), first = periodic_[0].due_ms;
  for (const Periodic& p : periodic_) first = std::min(first, p.due_ms);
  return first <= now ? 0 : static_cast<int>(std::min<std::uint64_t>(first - now, 60'000));
}

void ControlLoop::run_due() {
  for (auto& fn : std::exchange(later_, {})) fn();
  std::uint64_t now = monotonic_ms();
  for (Periodic& p : periodic_) {
    if (p.due_ms > now) continue;
    p.due_ms = now + p.period_ms;
    p.fn();
  }
}

void ControlLoop::run() {
  while (!stopping_) {
    std::vector<pollfd> fds;
    for (const auto& [fd, watch] : watches_) fds.push_back({fd, watch.events, 0});
    int ready = ::poll(fds.data(), fds.size(), timeout_ms());
    for (std::size_t i = 0; ready > 0 && i < fds.size(); ++i) {
      if (fds[i].revents == 0 || stopping_) continue;
      auto found = watches_.find(fds[i].fd);
      if (found == watches_.end()) continue;
      auto fn = found->second.fn;
      (*fn)(fds[i].revents);
    }
    if (!stopping_) run_due();
  }
}

}  // namespace holdfast::app
