// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "platform/loop/event_loop.h"
#include "platform/loop/pool_file_io.h"

namespace holdfast::platform {

/// What an epoll instance reports to.
class EpollSource {
 public:
  virtual ~EpollSource() = default;
  virtual void on_events(std::uint32_t events) = 0;
};

class EpollLoop final : public EventLoop {
 public:
  /// Throws std::system_error when the kernel refuses descriptors.
  explicit EpollLoop(const EventLoopOptions& options);

  std::unique_ptr<FdWatch> watch_readable(int fd, UniqueFunction on_readable) override;
  FileIo& file_io() override { return file_io_; }
  std::shared_ptr<StreamBase> make_stream(UniqueFd fd, const ports::Endpoint& peer) override;

  int epoll_fd() const { return epoll_.get(); }
  /// Shared by all streams of the loop, for the time of one on_received().
  MutBytes receive_buffer() { return {receive_buffer_.get(), kReceiveBufferSize}; }

 protected:
  void wait(std::int64_t timeout_us) override;

 private:
  static constexpr std::size_t kReceiveBufferSize = 256u << 10;

  UniqueFd epoll_;
  std::unique_ptr<std::uint8_t[]> receive_buffer_;
  PoolFileIo file_io_;
};

}  // namespace holdfast::platform
