// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "core/object/byte_range_locks.h"
#include "ports/vfs.h"

namespace holdfast::core {

/// FILE_ACTION_* (MS-FSCC 2.7.1).
enum class NotifyAction : std::uint32_t {
  kAdded = 1,
  kRemoved = 2,
  kModified = 3,
  kRenamedOldName = 4,
  kRenamedNewName = 5,
};

struct NotifyEvent {
  NotifyAction action;
  /// Relative to the watched directory, '/' between components.
  std::string name;
};

/// Who wants to know of changes in which directory (MS-SMB2 3.3.1.3 GlobalChangeNotify part,
/// MS-FSA 2.1.5.11). A directory handle begins to collect with its first CHANGE_NOTIFY and goes on
/// between requests until it is closed, so that nothing is missed. Thread-safe.
class NotifyTable {
 public:
  /// Events kept for a handle that does not ask; beyond it the client is told to look for itself.
  static constexpr std::size_t kMaxQueued = 512;

  struct Watch {
    const ports::Vfs* vfs = nullptr;
    /// The directory, below the share's root, in real case.
    std::string path;
    bool tree = false;
    /// CompletionFilter bits; those of the handle's first request stay (MS-FSA 2.1.5.11).
    std::uint32_t filter = 0;
  };

  enum class Ready : std::uint8_t { kNo, kEvents, kOverflow };

  /// Begins to watch, if `open` does not already.
  void watch(OpenId open, Watch watch);
  /// What has been collected, and forgets it.
  Ready take(OpenId open, std::vector<NotifyEvent>& out);
  /// token is woken with kSuccess as soon as something is there. False, and nobody waits: something
  /// is there already, or the handle is not watched (any more).
  [[nodiscard]] bool wait(OpenId open, WaitToken token);
  bool cancel(OpenId open, WaitToken token);
  /// The handle is closed: its waiters get kNotifyCleanup (MS-SMB2 3.3.5.10).
  void remove(OpenId open, std::vector<Wake>& wakes);

  /// Something happened to `path`. filter: the CompletionFilter bits it falls under.
  void report(const ports::Vfs* vfs, std::string_view path, NotifyAction action,
              std::uint32_t filter, std::vector<Wake>& wakes);
  bool idle() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Watcher {
    Watch watch;
    std::deque<NotifyEvent> events;
    bool overflow = false;
    std::vector<WaitToken> waiting;
  };

  Mutex mutex_;
  std::atomic<std::size_t> count_{0};
  std::unordered_map<OpenId, Watcher> watchers_;
};

}  // namespace holdfast::core
