// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/event.h"
#include "base/failover_limits.h"
#include "platform/loop/unique_fd.h"

namespace holdfast::platform {

struct FarewellPace {
  std::chrono::microseconds quiet{limits::kFarewellQuiet_us};
  std::chrono::microseconds longest{limits::kFarewellLongest_us};
  std::chrono::microseconds linger{limits::kFarewellLinger_us};
};

struct FarewellReport {
  std::size_t connections = 0;
  /// What their peers still sent.
  std::uint64_t octets = 0;
  std::chrono::milliseconds took{0};
};

/// One line for the log.
Event farewell_event(const FarewellReport& report);

/// Ends connections of an earlier instance without a reset: what the peer still sends is read and
/// dropped, and only when it is quiet, because it waits for answers, the connection ends in order.
/// The peer then asks again, on a new connection, for what was not answered. After a reset amid a
/// request some do not: Linux before 7 gives up the WRITE that it was just sending.
///
/// Has a thread of its own while there are connections.
class Farewell {
 public:
  /// On that thread, each time that all connections have ended.
  using Done = std::function<void(const FarewellReport&)>;

  explicit Farewell(Done done = {}, FarewellPace pace = {});
  /// Ends those that are left at once.
  ~Farewell();
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;

  /// A connected TCP socket. From any thread.
  void add(UniqueFd socket);

 private:
  using Clock = std::chrono::steady_clock;
  struct Leaving {
    UniqueFd socket;
    Clock::time_point begun, heard;
    /// When our side was ended.
    std::optional<Clock::time_point> ended{};
  };

  void run();
  /// Takes what was added; false: there is nothing to do any more, and the thread ends.
  bool take();
  void wait();
  void hear(Leaving& leaving);
  Clock::time_point deadline(const Leaving& leaving) const;
  void end_late();

  const Done done_;
  const FarewellPace pace_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<UniqueFd> added_;
  bool running_ = false;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
  // Of the thread.
  std::vector<Leaving> leaving_;
  FarewellReport report_;
  Clock::time_point begun_;
};

}  // namespace holdfast::platform
