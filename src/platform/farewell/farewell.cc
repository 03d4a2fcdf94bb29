// SPDX-License-Identifier: Apache-2.0
#include "platform/farewell/farewell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/count_of.h"

namespace holdfast::platform {
namespace {

constexpr std::size_t kOctetsAtOnce = std::size_t{1} << 20;
/// Of one connection, before others have their turn.
constexpr int kReadsAtOnce = 16;

std::string connections(std::size_t n) { return count_of(n, "connection", "connections"); }

}  // namespace

Event farewell_event(const FarewellReport& report) {
  return {Severity::kNotice,
          "failover.farewell",
          "Ended " + connections(report.connections) + " of the earlier instance in order, after " +
              std::to_string(report.octets) + " octets that were on their way, within " +
              std::to_string(report.took.count()) + " ms.",
          {{"connections", std::to_string(report.connections)},
           {"octets", std::to_string(report.octets)}}};
}

Farewell::Farewell(Done done, FarewellPace pace)
    : done_(std::move(done)), pace_(pace), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Farewell::~Farewell() {
  stopped_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void Farewell::add(UniqueFd socket) {
  std::lock_guard lock(mutex_);
  added_.push_back(std::move(socket));
  (void)::eventfd_write(wake_.get(), 1);
  if (std::exchange(running_, true)) return;
  if (thread_.joinable()) thread_.join();  // it has ended, or does without this lock
  thread_ = std::thread([this] { run(); });
}

void Farewell::run() {
  begun_ = Clock::now();
  report_ = {};
  while (take()) {
    wait();
    end_late();
  }
}

bool Farewell::take() {
  bool nothing = false;
  {
    std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    report_.connections += added_.size();
    for (UniqueFd& socket : added_) leaving_.push_back({std::move(socket), now, now});
    added_.clear();
    nothing = leaving_.empty() || stopped_;
    if (nothing) running_ = false;
  }
  if (!nothing) return true;
  leaving_.clear();
  report_.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_);
  if (done_ && !stopped_) done_(report_);
  return false;
}

void Farewell::wait() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  Clock::time_point next = Clock::time_point::max();
  for (const Leaving& l : leaving_) {
    polled.push_back({l.socket.get(), POLLIN, 0});
    next = std::min(next, deadline(l));
  }
  auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  if (::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(left, 0))) <= 0) return;
  eventfd_t ignored = 0;
  if (polled[0].revents != 0) (void)::eventfd_read(wake_.get(), &ignored);
  for (std::size_t i = 0; i < leaving_.size(); ++i)
    if (polled[i + 1].revents != 0) hear(leaving_[i]);
  std::erase_if(leaving_, [](const Leaving& l) { return !l.socket.valid(); });
}

void Farewell::hear(Leaving& leaving) {
  for (int i = 0; i < kReadsAtOnce; ++i) {
    // Without a buffer the kernel drops what it has (tcp(7), MSG_TRUNC).
    ssize_t n = ::recv(leaving.socket.get(), nullptr, kOctetsAtOnce, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return leaving.socket.reset();
    report_.octets += static_cast<std::uint64_t>(n);
    leaving.heard = Clock::now();
  }
}

Farewell::Clock::time_point Farewell::deadline(const Leaving& leaving) const {
  if (leaving.ended) return *leaving.ended + pace_.linger;
  return std::min(leaving.heard + pace_.quiet, leaving.begun + pace_.longest);
}

void Farewell::end_late() {
  const Clock::time_point now = Clock::now();
  for (Leaving& l : leaving_) {
    if (now < deadline(l)) continue;
    if (l.ended) {
      l.socket.reset();
    } else {
      ::shutdown(l.socket.get(), SHUT_WR);
      l.ended = now;
    }
  }
  std::erase_if(leaving_, [](const Leaving& l) { return !l.socket.valid(); });
}

}  // namespace holdfast::platform
