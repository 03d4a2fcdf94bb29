// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/mutex.h"
#include "core/object/lock_cover.h"
#include "ports/local_coherence.h"
#include "service/server/request.h"

namespace holdfast::service {

/// Keeps what clients cache of files on shares with local coherence, and their locks, in step with
/// programs on this machine (ports::LocalCoherence). A program that opens such a file is to clients
/// as another client would be: it waits until they have let go. Without such a share nothing here
/// costs anything.
class LocalOpens final : public ports::LocalOpenSink,
                         public std::enable_shared_from_this<LocalOpens> {
 public:
  explicit LocalOpens(Server& server) : server_(server) {}

  /// core::OpenTable::enter(); on a share with local coherence the open gets no caching that other
  /// programs do not leave to it. watched: watch() has found a way.
  core::EnterOutcome enter(Request& r, core::OpenSpec spec, core::WaitToken token,
                           const core::OpenTable::LeftBehind& own, bool watched);

  /// Directories: what other programs do in it breaks its leases from now on, until the watch is
  /// dropped. Null where that cannot be told, and for what needs no watch.
  Task<std::shared_ptr<ports::ChangeWatch>> watch(Request& r, const core::OpenSpec& spec);
  /// Keeps the watch until the open is closed.
  void keep(core::OpenId open, std::shared_ptr<ports::ChangeWatch> watch);
  /// Another program has changed an entry of a directory, or, lost, perhaps anything below it.
  void entry_changed(const ports::Vfs& vfs, const std::string& path, bool lost);

  /// What is cached of the object has changed, or somebody else wants it: lets others in as far as
  /// nobody caches what they disturb, and asks clients for the rest. From any thread; soon, on a
  /// loop, after the answers that are under way.
  void look_again(const core::ObjectId& object);

  /// The locks that were taken in core a moment ago, as other programs see them. kLockNotGranted:
  /// one of those is in the way; the caller gives them back in core, then calls release_locks().
  NtStatus take_locks(const core::OpenView& open,
                      const std::vector<core::ByteRangeLocks::Range>& ranges);
  /// Locks there have gone in core.
  void release_locks(const core::OpenView& open,
                     const std::vector<core::ByteRangeLocks::Range>& ranges);

  /// kSuccess or kFileLockConflict, by clients' locks and by other programs'.
  NtStatus check_locks(const core::OpenView& open, std::uint64_t offset, std::uint64_t length,
                       bool write);

  /// After an open was closed.
  void closed(core::OpenId open, const core::CloseOutcome& outcome);

  void on_local_open(const ports::FileKey& key) override;
  /// From now on nothing is told.
  void stop();

 private:
  bool concerns(const core::OpenView& open) const;
  std::uint32_t leave(Request& r, const core::OpenSpec& spec, bool watched);
  void post(const core::ObjectId& object, bool locks_too);
  void reconcile(ports::Executor& loop, const core::ObjectId& object);
  bool cover(const core::ObjectId& object, const core::CoveredRange& range);

  Server& server_;
  /// Held while the kernel and core are brought to one view of a file, so that no grant or lock
  /// gets in between; never across a wait.
  Mutex deciding_;
  std::atomic<ports::Executor*> loop_ = nullptr;
  Mutex watches_mutex_;
  std::unordered_map<core::OpenId, std::shared_ptr<ports::ChangeWatch>> watches_;
  Mutex stop_mutex_;
  bool stopped_ = false;
};

}  // namespace holdfast::service
