// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/event.h"
#include "base/limits.h"
#include "platform/loop/event_loop.h"
#include "platform/loop/listener.h"

namespace holdfast::platform {

/// auto: io_uring where it works, else epoll.
enum class LoopKind : std::uint8_t { kAuto, kUring, kEpoll };

std::string_view to_string(LoopKind kind);

struct LoopGroupOptions {
  /// 0: one for each CPU this process may run on.
  unsigned loops = 0;
  LoopKind kind = LoopKind::kAuto;
  unsigned max_blocking_threads = 32;
  /// Beyond it, connections are reset as they come.
  std::size_t max_connections = limits::kMaxConnections;
  KeepAlive keep_alive;
  std::uint64_t flush_limit_us = 5'000'000;
  std::uint64_t linger_limit_us = 1'000'000;
  /// EventLoopOptions::outlive.
  std::function<void(int, bool)> outlive;
  /// Where listeners report trouble; may be null, must outlive the group.
  EventSink* events = nullptr;
};

struct ListenerInfo {
  /// With the port that was bound when 0 was asked for.
  ports::Endpoint bound;
  /// Something an administrator should know, or empty.
  std::string note;
};

/// The sockets of one address that is listened on.
struct ListeningSockets {
  ports::Endpoint bound;
  std::vector<int> sockets;
};

/// N loops, each on a thread of its own, and a pool. Unless said otherwise, functions are called by
/// the thread that started the group, which runs none of the loops.
class LoopGroup final : public FileIoProvider {
 public:
  /// Starts the loops. The error is a sentence for an administrator: io_uring was asked for and
  /// does not work here, or the process is at a limit.
  static std::expected<std::unique_ptr<LoopGroup>, std::string> start(
      const LoopGroupOptions& options);
  /// stop()s if that was not done.
  ~LoopGroup() override;

  unsigned size() const { return static_cast<unsigned>(loops_.size()); }
  /// From any thread.
  EventLoop& loop(unsigned index) { return *loops_[index]; }
  FileIo& file_io(unsigned loop_index) override { return loops_[loop_index]->file_io(); }
  /// kUring or kEpoll, and a phrase why ("io_uring with DEFER_TASKRUN", "io_uring is forbidden
  /// here (seccomp): epoll").
  LoopKind kind() const { return kind_; }
  const std::string& kind_reason() const { return kind_reason_; }
  /// From any thread.
  std::size_t connections() const { return connections_->used(); }

  /// Listens on `at` with all loops. The handler runs on the loop that accepted, which owns the
  /// stream; it calls start() on it, or lets go of it to close it. [::] is IPv6 and IPv4 at once;
  /// port 0 is any free port. The error is a sentence for an administrator. From any thread but the
  /// loops'.
  std::expected<ListenerInfo, std::string> listen(const ports::Endpoint& at,
                                                  ports::AcceptHandler handler);
  /// Closes all listeners; connections stay. Returns when it is done. Not from a loop.
  void stop_listening();
  /// The same for one address, as listen() gave it back. False: nobody listens there.
  bool stop_listening(const ports::Endpoint& bound);

  /// Runs fn on every loop and returns when all have.
  void on_all_loops(const std::function<void(EventLoop&)>& fn);

  // ---- hand-over to another binary ----

  /// Accepts nobody, until it is taken back; who comes waits in the kernel.
  void pause_listening(bool pause);
  std::vector<ListeningSockets> listening_sockets() const;
  /// As listen(), on sockets of an earlier binary, in any number.
  void adopt_listener(const ports::Endpoint& bound, std::vector<UniqueFd> sockets,
                      ports::AcceptHandler handler);
  /// Returns when the threads of all loops stand still, until unpark(). What they stand for may be
  /// looked at meanwhile.
  void park();
  void unpark();
  /// While they are parked: EventLoop::pending() of all.
  std::size_t pending();

  /// Calls fn(signal) on loop 0 for each of the signals, which are blocked in the calling thread
  /// from now on: call it on the main thread before other threads are started.
  void on_signals(const std::vector<int>& signals, std::function<void(int)> fn);

  /// Stops listening, closes all connections (what is queued is sent; what has not ended after
  /// grace_us is reset), waits for operations in progress, joins all threads. Timers that have not
  /// run never will: coroutines that sleep must be woken by their owners before. Not from a loop.
  void stop(std::uint64_t grace_us = 3'000'000);

 private:
  explicit LoopGroup(const LoopGroupOptions& options);
  void add_loops(unsigned count, bool uring);
  void wait_until_idle(std::uint64_t grace_us);

  LoopGroupOptions options_;
  LoopKind kind_ = LoopKind::kEpoll;
  std::string kind_reason_;
  std::shared_ptr<ConnectionLimit> connections_;
  BlockingPool pool_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  /// Those of one address on one loop: one, but for sockets of an earlier binary.
  using OfAddress = std::vector<std::unique_ptr<Listener>>;
  /// By loop; each element is touched on its loop only.
  std::vector<std::vector<OfAddress>> listeners_;
  /// Where the listeners of each loop are bound, in their order. Guarded by the callers' thread.
  std::vector<ports::Endpoint> bound_;
  UniqueFd signal_fd_;
  std::unique_ptr<FdWatch> signal_watch_;
  bool stopped_ = false;
  struct Parking;
  std::shared_ptr<Parking> parking_;
};

}  // namespace holdfast::platform
