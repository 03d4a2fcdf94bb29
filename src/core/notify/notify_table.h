// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <span>
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
  kAddedStream = 6,
  kRemovedStream = 7,
  kModifiedStream = 8,
};

struct NotifyEvent {
  NotifyAction action;
  /// Relative to the watched directory, '/' between components; of a stream "file:stream".
  std::string name;
};

/// Something that happened to one name.
struct NotifyChange {
  /// Below the share's root, in real case; of a stream "path:stream".
  std::string_view path;
  NotifyAction action;
  /// The CompletionFilter bits it falls under.
  std::uint32_t filter = 0;
  /// Watchers with one of these bits hear of the same operation in another way.
  std::uint32_t unless_filter = 0;
};

/// Who wants to know of changes in which directory (MS-SMB2 3.3.5.19, MS-FSA 2.1.5.11). A directory
/// handle begins to collect with its first CHANGE_NOTIFY and goes on between requests until it is
/// closed, so that nothing is missed. Watches are found by directory: a change costs one look-up
/// for each directory above it, however many watch elsewhere. Thread-safe.
class NotifyTable {
 public:
  /// Events kept for a handle that does not ask, whatever room it asked for.
  static constexpr std::size_t kMaxQueued = 4096;
  static constexpr std::uint32_t kMaxQueuedOctets = 1u << 20;

  struct Watch {
    const ports::Vfs* vfs = nullptr;
    /// The directory, below the share's root, in real case.
    std::string path;
    bool tree = false;
    /// CompletionFilter bits; those of the handle's first request stay (MS-FSA 2.1.5.11).
    std::uint32_t filter = 0;
    /// OutputBufferLength of the handle's first request: what is collected between requests is as
    /// much as would fit there. More is an overflow, for which the client looks itself.
    std::uint32_t room = kMaxQueuedOctets;
  };

  enum class Ready : std::uint8_t { kNo, kEvents, kOverflow };

  /// Begins to watch, if `open` does not already. True: it is the first time.
  bool watch(OpenId open, Watch watch);
  /// Ends with the watch, which it feeds. Dropped at once when there is none.
  void feed(OpenId open, std::shared_ptr<ports::ChangeWatch> source);
  /// What has been collected, and forgets it.
  Ready take(OpenId open, std::vector<NotifyEvent>& out);
  /// token is woken with kSuccess as soon as something is there, which is then kept for it. False,
  /// and nobody waits: something is there already, or the handle is not watched (any more).
  [[nodiscard]] bool wait(OpenId open, WaitToken token);
  /// What token was woken for: nobody else gets it, even if he asks first. To be called once after
  /// each wake with kSuccess.
  Ready given(WaitToken token, std::vector<NotifyEvent>& out);
  bool cancel(OpenId open, WaitToken token);
  /// The handle is closed: its waiters get kNotifyCleanup (MS-SMB2 3.3.5.10).
  void remove(OpenId open, std::vector<Wake>& wakes);

  /// Tells what one operation did, in order: a watcher that hears several parts of it gets them in
  /// one answer.
  void report(const ports::Vfs* vfs, std::span<const NotifyChange> changes,
              std::vector<Wake>& wakes);
  void report(const ports::Vfs* vfs, const NotifyChange& change, std::vector<Wake>& wakes) {
    report(vfs, std::span(&change, 1), wakes);
  }
  /// The directory has been marked to be deleted: who waits gets kDeletePending, and who asks later
  /// too (MS-FSA 2.1.5.15.3).
  void directory_going(const ports::Vfs* vfs, std::string_view path, std::vector<Wake>& wakes);
  /// The directory has another name; watches of it and below it follow.
  void directory_moved(const ports::Vfs* vfs, std::string_view from, std::string_view to);
  /// Changes may have been missed below this directory ("" = everywhere in vfs): whoever watches
  /// there or above is told to look.
  void lost_below(const ports::Vfs* vfs, std::string_view path, std::vector<Wake>& wakes);
  /// A handle that watches, for another binary of the server.
  struct Held {
    OpenId open = 0;
    Watch watch;
    /// Something has been collected that its client has not heard of.
    bool missed = false;
  };
  std::vector<Held> hand_over();
  /// Watches as before; missed: the client is told to look.
  void restore(Held held);
  bool idle() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Watcher {
    Watch watch;
    std::deque<NotifyEvent> events;
    std::size_t octets = 0;
    bool overflow = false;
    /// Heard something in the report() that is being carried out.
    bool touched = false;
    std::vector<WaitToken> waiting;
    std::shared_ptr<ports::ChangeWatch> source;
  };
  struct Given {
    std::vector<NotifyEvent> events;
    bool overflow = false;
  };
  struct Directory {
    const ports::Vfs* vfs;
    std::string path;
  };
  struct DirectoryView {
    const ports::Vfs* vfs;
    std::string_view path;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const DirectoryView& d) const;
    std::size_t operator()(const Directory& d) const {
      return (*this)(DirectoryView{d.vfs, d.path});
    }
  };
  struct Same {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return a.vfs == b.vfs && std::string_view(a.path) == std::string_view(b.path);
    }
  };

  void tell(OpenId open, std::string_view name, const NotifyChange& change);
  void tell_one(const ports::Vfs* vfs, const NotifyChange& change);
  void overflow(OpenId open, Watcher& watcher);
  static Given collected(Watcher& watcher);
  void wake_touched(std::vector<Wake>& wakes);
  void unlink(OpenId open, const Watch& watch);

  Mutex mutex_;
  std::atomic<std::size_t> count_{0};
  std::unordered_map<OpenId, Watcher> watchers_;
  std::unordered_map<WaitToken, Given> given_;
  std::unordered_map<Directory, std::vector<OpenId>, Hash, Same> directories_;
  std::vector<OpenId> touched_;
};

}  // namespace holdfast::core
