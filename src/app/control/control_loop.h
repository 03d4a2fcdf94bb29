// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "platform/loop/unique_fd.h"

namespace holdfast::app {

/// The main thread's loop: signals, the admin socket, the live line. Nothing of a client's
/// connection runs here, so what an administrator asks for may take its time without holding a
/// client up.
class ControlLoop {
 public:
  ControlLoop() = default;
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// Blocks these signals for this thread and those it starts from now on: to be called before any
  /// other thread is there. fn runs in run().
  void on_signals(const std::vector<int>& signals, std::function<void(int)> fn);
  /// Calls fn with what poll(2) reports for fd, which must stay open until unwatch(). Setting it
  /// again replaces.
  void watch(int fd, short events, std::function<void(short)> fn);
  void unwatch(int fd);
  /// Calls fn about every so often.
  void every(std::uint64_t period_ms, std::function<void()> fn);
  /// Calls fn once before the next wait.
  void later(std::function<void()> fn) { later_.push_back(std::move(fn)); }

  /// Returns after stop().
  void run();
  void stop() { stopping_ = true; }

 private:
  struct Watch {
    short events = 0;
    std::shared_ptr<std::function<void(short)>> fn;
  };
  struct Periodic {
    std::uint64_t period_ms = 0;
    std::uint64_t due_ms = 0;
    std::function<void()> fn;
  };
  int timeout_ms();
  void run_due();

  platform::UniqueFd signal_fd_;
  std::map<int, Watch> watches_;
  std::vector<Periodic> periodic_;
  std::vector<std::function<void()>> later_;
  bool stopping_ = false;
};

}  // namespace holdfast::app
