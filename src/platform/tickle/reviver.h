// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "platform/farewell/farewell.h"
#include "platform/tickle/ear.h"
#include "platform/tickle/raw_sender.h"

namespace holdfast::platform {

/// Connections of a lost machine, made again here to be ended in order (Farewell).
///
/// From expect() on, a socket that answers nothing holds the connection's place, lest the kernel
/// reset the peer. The first segment of the peer tells the numbers of both ends (it answers a
/// tickle with one, or sends again what was never acknowledged). With them the real socket is made,
/// the peer is sent an ACK of all that it has sent, and the farewell begins.
///
/// Where that does not work (CAP_NET_ADMIN and CAP_NET_RAW are needed) nothing happens, and the
/// peer is reset as by any machine that does not know the connection. Has a thread of its own while
/// connections are expected.
class Reviver {
 public:
  /// After each time that all that were revived have ended; on another thread.
  explicit Reviver(Farewell::Done done = {});
  ~Reviver();
  Reviver(const Reviver&) = delete;
  Reviver& operator=(const Reviver&) = delete;

  /// Holds its place, or goes on to, for limits::kRevivalWait_us. The local address may come to
  /// this machine later. From any thread, whose network namespace is the connection's; blocks for
  /// some system calls.
  void expect(const ports::TcpConnection& connection);
  /// Nothing holds its place when this returns.
  void give_up(const ports::TcpConnection& connection);

 private:
  using Clock = std::chrono::steady_clock;
  struct Expected {
    UniqueFd place;
    /// Becomes the real one. Made at once: the thread may be in another network namespace.
    UniqueFd spare;
    Clock::time_point until;
  };

  bool open_ear(const ports::TcpConnection& connection);
  void start();
  void run();
  /// False: nothing is expected any more, and the thread ends.
  bool forget_late();
  void wait();
  void hear(const Heard& heard);
  void revive(const Heard& heard, Expected expected);

  UniqueFd wake_;
  std::atomic<bool> stopped_ = false;
  /// Given to the farewell, and not reported yet.
  std::atomic<std::size_t> leaving_ = 0;
  std::mutex mutex_;
  std::map<ports::TcpConnection, Expected> expected_;
  Ear v4_;
  Ear v6_;
  RawSender sender_;
  unsigned receive_scale_ = 0;
  bool running_ = false;
  std::thread thread_;
  Farewell farewell_;
};

}  // namespace holdfast::platform
