// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <functional>
#include <memory>

#include "base/event.h"
#include "base/mutex.h"
#include "platform/store_journal/journal.h"
#include "ports/random.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {

struct JournalStoreOptions {
  JournalOptions journal;
  /// Beyond these, changes that add something are refused.
  std::uint64_t max_live_octets = 512u << 20;
  std::size_t max_live_records = 4u << 20;
  /// Of changes that wait to be written; more than that waits only on a failing disk.
  std::size_t max_waiting_octets = 24u << 20;
  /// The caller has the disk's lock already.
  bool is_locked = false;
  /// Asked before each write, on its thread: false, and nothing is written any more, because
  /// another server may write here.
  std::function<bool()> may_write{};
};

/// The journal as a StateStore. A commit is written at the end of its loop's turn, or when many
/// wait, on a pool thread, with all that has been entered by then; what comes meanwhile is written
/// after it. One thread writes at a time.
class JournalStore final : public ports::StateStore,
                           public std::enable_shared_from_this<JournalStore> {
 public:
  /// Takes the lock, reads the journal, begins a segment. Blocks. `events` may be null and outlives
  /// the store, as do the loops that commit.
  static ports::StoreResult<std::shared_ptr<JournalStore>> open(std::unique_ptr<Disk> disk,
                                                                const JournalStoreOptions& options,
                                                                ports::Random& random,
                                                                EventSink* events);

  Result<void> apply(std::span<const ports::StoreChange> changes) override;
  Task<ports::StoreResult<void>> commit(ports::Executor& loop) override;
  Task<ports::StoreResult<std::vector<ports::StoreRecord>>> load(ports::Executor& loop) override;

  /// Keeps other servers of this machine off; kSharingViolation: one is there.
  static ports::StoreResult<void> lock(Disk& disk);

  /// As of the last write.
  struct Figures {
    Guid id;
    std::uint64_t sequence = 0;
    std::uint64_t live_records = 0;
    std::uint64_t live_octets = 0;
    std::uint64_t disk_octets = 0;
    /// The last write failed.
    bool failing = false;
  };
  Figures figures() const;
  /// The folder's disk, for what else lives there (epoch_file.h).
  Disk& disk() { return *disk_; }

 private:
  struct Waiter {
    std::uint64_t ticket = 0;
    ports::Executor* loop = nullptr;
    std::coroutine_handle<> handle;
    ports::StoreResult<void> result;
  };
  class CommitAwaiter;
  /// kSoon: posted to a loop, for after its turn.
  enum class WriterState : std::uint8_t { kNone, kSoon, kAtWork };

  JournalStore(std::unique_ptr<Disk> disk, const JournalStoreOptions& options, EventSink* events)
      : disk_(std::move(disk)), options_(options), events_(events) {}
  bool enlist(Waiter& waiter);
  void start_after_turn(ports::Executor& loop);
  void start_writer(ports::Executor& loop);
  void run_writer(ports::Executor& loop);
  bool write_once(ports::Executor& loop);
  bool wait_for_turn();
  ports::StoreResult<void> write_to_journal(Bytes batch);
  void finish(std::uint64_t ticket, ByteVec batch, const ports::StoreResult<void>& result);
  void resume(std::vector<Waiter*> woken);
  void make_spare_on(ports::Executor& loop);
  void spare_made(DiskResult<Spare> made);
  void take_spare();

  // Declared in the order in which they may be destroyed last.
  std::unique_ptr<Disk> disk_;
  const JournalStoreOptions options_;
  EventSink* events_;
  /// Only the writer uses it; before the first commit, whoever opens or loads.
  std::unique_ptr<Journal> journal_;

  mutable Mutex mutex_;
  // Guarded by mutex_.
  ByteVec waiting_changes_;
  std::uint64_t entered_ = 0;
  std::uint64_t durable_ = 0;
  std::vector<Waiter*> waiters_;
  WriterState writer_ = WriterState::kNone;
  bool making_spare_ = false;
  std::optional<DiskResult<Spare>> made_spare_;
  /// The last make_spare() failed; the next one waits for some batches.
  bool spare_failed_ = false;
  Figures figures_;
};

}  // namespace holdfast::platform::store
