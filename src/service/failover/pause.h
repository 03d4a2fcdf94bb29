// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/executor.h"

namespace holdfast::service {

/// A wait of one coroutine that its owner can end. Of one loop; outlives who waits.
class Pause {
 public:
  explicit Pause(ports::Executor& loop) : loop_(loop) {}
  Pause(const Pause&) = delete;
  ~Pause() { HF_ASSERT(waiting_ == nullptr); }

  /// False: stop() was called, now or before.
  Task<bool> wait(std::uint64_t us) {
    if (stopped_) co_return false;
    OneShot<bool> over;
    // A frame that is destroyed while it waits (only the simulator's are) leaves nothing here.
    struct Leaves {
      Pause& pause;
      ~Leaves() { pause.waiting_ = nullptr; }
    } leaves{*this};
    waiting_ = &over;
    timer_ = loop_.start_timer(us, [this] { end(true); });
    co_return co_await over;
  }
  void stop() {
    stopped_ = true;
    if (waiting_ == nullptr) return;
    loop_.cancel_timer(timer_);
    end(false);
  }
  bool stopped() const { return stopped_; }

 private:
  void end(bool in_time) { std::exchange(waiting_, nullptr)->set(in_time); }
  ports::Executor& loop_;
  OneShot<bool>* waiting_ = nullptr;
  ports::TimerId timer_ = 0;
  bool stopped_ = false;
};

}  // namespace holdfast::service
