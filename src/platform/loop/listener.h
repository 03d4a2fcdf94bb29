// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "platform/loop/event_loop.h"

namespace holdfast::platform {

/// Accepts connections on one loop. On that loop only; destroying it stops listening.
class Listener {
 public:
  Listener(EventLoop& loop, UniqueFd socket, ports::AcceptHandler handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Accepts nobody until resume(): who comes waits in the kernel.
  void pause();
  void resume();
  int socket() const { return socket_.get(); }

 private:
  void watch();
  void accept_some();
  /// False: stop for now.
  bool accept_one();
  bool on_error(int error);
  void back_off(int error);
  void refuse(UniqueFd fd, const ports::Endpoint& peer);

  EventLoop& loop_;
  UniqueFd socket_;
  ports::AcceptHandler handler_;
  ports::Endpoint local_;
  std::unique_ptr<FdWatch> watch_;
  ports::TimerId retry_timer_ = 0;
  std::uint64_t back_off_us_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t next_refusal_event_us_ = 0;
};

}  // namespace holdfast::platform
