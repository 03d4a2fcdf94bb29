// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <deque>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/mutex.h"

namespace holdfast::app {

/// Passes events on and keeps the last of those whose name begins with a prefix, for
/// `holdfast failover log`. Thread-safe.
class RecentEvents final : public EventSink {
 public:
  static constexpr std::size_t kKept = 1'000;
  struct Kept {
    /// Wall clock, microseconds since 1970.
    std::int64_t at_us = 0;
    Severity severity = Severity::kInfo;
    std::string name;
    std::string message;
  };

  RecentEvents(EventSink& next, std::string prefix) : next_(next), prefix_(std::move(prefix)) {}

  void emit(const Event& event) override {
    if (event.name.starts_with(prefix_)) keep(event);
    next_.emit(event);
  }
  /// The oldest first.
  std::vector<Kept> kept() const {
    Lock lock(mutex_);
    return {events_.begin(), events_.end()};
  }

 private:
  void keep(const Event& event) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    Lock lock(mutex_);
    if (events_.size() == kKept) events_.pop_front();
    events_.push_back({now.tv_sec * 1'000'000 + now.tv_nsec / 1'000, event.severity,
                       std::string(event.name), event.message});
  }

  EventSink& next_;
  const std::string prefix_;
  mutable Mutex mutex_;
  std::deque<Kept> events_;
};

}  // namespace holdfast::app
