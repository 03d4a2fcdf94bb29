// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/epoll/epoll_loop.h"
#include "platform/loop/stream_base.h"

namespace holdfast::platform {

class EpollStream final : public StreamBase, public EpollSource {
 public:
  EpollStream(EpollLoop& loop, UniqueFd fd, const ports::Endpoint& peer);
  void on_events(std::uint32_t events) override;

 protected:
  void begin() override;
  void receive_again() override;
  void flush() override;
  bool release() override;

 private:
  void receive();
  void set_interest(std::uint32_t interest);
  /// EPOLLIN as wanted now, EPOLLOUT while the kernel is full.
  void update_interest();

  EpollLoop& epoll_loop_;
  std::uint32_t interest_ = 0;
  bool kernel_full_ = false;
  bool registered_ = false;
};

}  // namespace holdfast::platform
