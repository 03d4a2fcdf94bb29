// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "platform/loop/event_loop.h"
#include "platform/uring/ring.h"

namespace holdfast::platform {

/// One sendmsg in progress. Kept by the loop between sends, so that an idle stream has none.
struct SendSlot {
  static constexpr std::size_t kPieces = 128;
  msghdr message{};
  iovec pieces[kPieces];
};

class UringLoop;

/// File operations as ring operations; what would block runs on the kernel's workers.
class UringFileIo final : public FileIo {
 public:
  explicit UringFileIo(UringLoop& loop) : loop_(loop) {}
  void complete(FileOp& op, int result);

 protected:
  void submit(FileOp& op) override;

 private:
  UringLoop& loop_;
};

class UringLoop final : public EventLoop {
 public:
  explicit UringLoop(const EventLoopOptions& options);

  std::unique_ptr<FdWatch> watch_readable(int fd, UniqueFunction on_readable) override;
  FileIo& file_io() override { return file_io_; }
  std::shared_ptr<StreamBase> make_stream(UniqueFd fd, const ports::Endpoint& peer) override;

  Ring& ring() { return ring_; }
  /// user_data of a file operation: its address with this bit.
  static constexpr std::uint64_t kFileOp = 1;
  std::unique_ptr<SendSlot> take_send_slot();
  void return_send_slot(std::unique_ptr<SendSlot> slot);

 protected:
  void wait(std::int64_t timeout_us) override;
  void enter() override;

 private:
  /// Told when another thread posted.
  class WakeOp final : public UringOp {
   public:
    explicit WakeOp(UringLoop& loop) : loop_(loop) {}
    void arm();
    void on_complete(int result, std::uint32_t flags) override;

   private:
    UringLoop& loop_;
  };

  void submit_and_wait(std::int64_t timeout_us);
  void handle_completions();

  Ring ring_;
  WakeOp wake_{*this};
  UringFileIo file_io_{*this};
  std::vector<std::unique_ptr<SendSlot>> send_slots_;
};

}  // namespace holdfast::platform
