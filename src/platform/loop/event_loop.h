// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/event.h"
#include "platform/loop/blocking_pool.h"
#include "platform/loop/file_io.h"
#include "platform/loop/socket.h"
#include "platform/loop/system_clock.h"
#include "platform/loop/timers.h"
#include "platform/loop/unique_fd.h"
#include "ports/executor.h"
#include "ports/stream.h"

namespace holdfast::platform {

class StreamBase;

/// Counts connections against the limit of a group of loops.
class ConnectionLimit {
 public:
  explicit ConnectionLimit(std::size_t max) : max_(max) {}
  bool take() {
    if (used_.fetch_add(1, std::memory_order_relaxed) < max_) return true;
    release();
    return false;
  }
  /// Beyond the limit, too.
  void take_anyway() { used_.fetch_add(1, std::memory_order_relaxed); }
  void release() { used_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t max() const { return max_; }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> used_{0};
};

struct EventLoopOptions {
  unsigned index = 0;
  BlockingPool* pool = nullptr;
  std::shared_ptr<ConnectionLimit> connections;
  /// May be null.
  EventSink* events = nullptr;
  KeepAlive keep_alive;
  /// A close() or an end of stream from the peer gives what is queued this long to leave.
  std::uint64_t flush_limit_us = 5'000'000;
  /// After a close() has sent everything, the peer's own end is awaited this long, so that octets
  /// it sent meanwhile do not reset the connection and take the last reply with them.
  std::uint64_t linger_limit_us = 1'000'000;
  /// Sees to it that a connection outlives the process, or no longer: is given its socket, which it
  /// may copy before it returns. On any loop's thread. Empty: nobody does.
  std::function<void(int, bool)> outlive;
};

/// Destroying it stops the watching; allowed from within its own callback. On the loop only.
class FdWatch {
 public:
  virtual ~FdWatch() = default;
};

/// What the loops have in common. See ports::Executor for what callers may do.
///
/// One turn: posted functions, due timers, streams that have something to send or to end; then the
/// kernel's events. All on the one thread that called run().
class EventLoop : public ports::Executor {
 public:
  explicit EventLoop(const EventLoopOptions& options);
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void post(UniqueFunction fn) override;
  ports::TimerId start_timer(std::uint64_t delay_us, UniqueFunction fn) override;
  bool cancel_timer(ports::TimerId id) override;
  void run_blocking(UniqueFunction work, UniqueFunction done) override;
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return options_.index; }

  /// Calls on_readable whenever fd is readable. fd must stay open longer than the watch.
  virtual std::unique_ptr<FdWatch> watch_readable(int fd, UniqueFunction on_readable) = 0;
  virtual FileIo& file_io() = 0;
  /// A stream of this loop around a connected, non-blocking socket. It has taken a place of
  /// options().connections and gives it back when it is over.
  virtual std::shared_ptr<StreamBase> make_stream(UniqueFd fd, const ports::Endpoint& peer) = 0;

  /// Runs until exit() and everything of it is done. Called once, on the loop's own thread.
  void run();
  /// From any thread: run() returns when this loop is idle(). Nothing may be started on it after.
  void exit();

  bool on_loop_thread() const;
  /// No streams, no blocking or file operations in progress. On the loop only.
  bool idle() const { return first_stream_ == nullptr && outstanding_ == 0; }
  /// Calls fn once, from the loop, when it is idle(). On the loop only.
  void when_idle(UniqueFunction fn) { when_idle_ = std::move(fn); }
  /// close() or abort() for all streams that were started. On the loop only.
  void close_streams();
  void abort_streams();

  /// While the loop's thread stands still (LoopGroup::park): what it would do next, that no handler
  /// or operation in progress knows of. 0: nothing is lost when it never goes on.
  std::size_t pending();
  /// A stream of this loop around a connected socket that an earlier binary had.
  std::shared_ptr<ports::Stream> adopt(UniqueFd fd);

  const EventLoopOptions& options() const { return options_; }
  void emit(const Event& event);

  /// For streams and operations of this loop.
  void schedule(StreamBase& stream);
  void add(StreamBase& stream);
  void remove(StreamBase& stream);
  /// Keeps object until no event of this turn can name it any more.
  void bury(std::shared_ptr<void> object) { buried_.push_back(std::move(object)); }
  void operation_started() { ++outstanding_; }
  void operation_ended() { --outstanding_; }

 protected:
  /// Waits for events of the kernel at most timeout_us (negative: for ever) and handles them.
  virtual void wait(std::int64_t timeout_us) = 0;
  /// Called on the loop's thread before the first turn and after the last.
  virtual void enter() {}
  virtual void leave() {}
  int wake_fd() const { return wake_fd_.get(); }

 private:
  void run_posted();
  void run_pending();
  void turn();
  bool finished();
  std::int64_t timeout_us();

  EventLoopOptions options_;
  SystemClock clock_;
  UniqueFd wake_fd_;
  Timers timers_;
  std::size_t outstanding_ = 0;
  StreamBase* first_stream_ = nullptr;
  std::vector<StreamBase*> scheduled_;
  std::vector<StreamBase*> servicing_;
  std::vector<std::shared_ptr<void>> buried_;
  UniqueFunction when_idle_;
  std::vector<UniqueFunction> running_;
  std::size_t run_ = 0;
  std::atomic<bool> exit_{false};

  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<UniqueFunction> posted_;
  /// The loop waits, or is about to, and has seen posted_ empty: who posts must wake it.
  bool asleep_ = false;
};

}  // namespace holdfast::platform
