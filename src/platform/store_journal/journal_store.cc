// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/journal_store.h"

#include <algorithm>
#include <cerrno>

#include "platform/store_journal/errors.h"

namespace holdfast::platform::store {

using ports::StoreChange;
using ports::StoreError;
using ports::StoreResult;

namespace {

/// Twice this (a batch that failed, and what was entered meanwhile) and a copied record make a
/// batch that is allowed.
constexpr std::size_t kMaxWaiting = 28u << 20;
/// So many are a batch worth its synchronous write, and do not wait until a long turn has entered
/// more: the disk works while the loop does.
constexpr std::size_t kManyWaiting = 16;
static_assert(2 * kMaxWaiting + 2 * ports::kMaxStoreValue <= kMaxBatch);

}  // namespace

StoreResult<void> JournalStore::lock(Disk& disk) {
  auto locked = disk.lock("lock");
  if (locked) return {};
  if (locked.error() == EWOULDBLOCK)
    return std::unexpected(StoreError{
        NtStatus::kSharingViolation,
        "The state store in " + disk.path() +
            " is in use by another server. Two servers must not serve one volume: stop the other "
            "one, or give this one a store of its own."});
  return std::unexpected(error_of(locked.error(), "lock the state store in " + disk.path()));
}

StoreResult<std::shared_ptr<JournalStore>> JournalStore::open(std::unique_ptr<Disk> disk,
                                                              const JournalStoreOptions& options,
                                                              ports::Random& random,
                                                              EventSink* events) {
  if (!options.is_locked)
    if (auto locked = lock(*disk); !locked) return std::unexpected(locked.error());
  std::shared_ptr<JournalStore> store(new JournalStore(std::move(disk), options, events));
  auto journal = Journal::open(*store->disk_, options.journal, random.guid(), events);
  if (!journal) return std::unexpected(journal.error());
  store->journal_ = std::move(*journal);
  const Journal& j = *store->journal_;
  store->figures_ = {j.id(), j.sequence(), j.live_records(), j.live_octets(), j.disk_octets()};
  return store;
}

Result<void> JournalStore::apply(std::span<const StoreChange> changes) {
  std::size_t size = 0;
  bool adds = false;
  for (const StoreChange& change : changes) {
    if (change.key.size() > ports::kMaxStoreKey) return fail(NtStatus::kInvalidParameter);
    if (change.value && change.value->size() > ports::kMaxStoreValue)
      return fail(NtStatus::kInvalidParameter);
    size += kRecordHeader + change.key.size() + (change.value ? change.value->size() : 0);
    adds |= change.value.has_value();
  }
  Lock lock(mutex_);
  const std::size_t waiting = waiting_changes_.size() + size;
  // What only erases is let in beyond the limit: it makes the rest smaller.
  if (waiting > kMaxWaiting) return fail(NtStatus::kInsufficientResources);
  if (adds && (waiting > options_.max_waiting_octets ||
               figures_.live_octets + waiting > options_.max_live_octets ||
               figures_.live_records + changes.size() > options_.max_live_records))
    return fail(NtStatus::kInsufficientResources);
  for (const StoreChange& change : changes)
    append_record(waiting_changes_, change.table, change.key, change.value);
  entered_ += changes.size();
  return {};
}

class JournalStore::CommitAwaiter {
 public:
  CommitAwaiter(JournalStore& store, ports::Executor& loop) : store_(store) {
    waiter_.loop = &loop;
  }
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    waiter_.handle = waiting;
    return store_.enlist(waiter_);
  }
  StoreResult<void> await_resume() { return std::move(waiter_.result); }

 private:
  JournalStore& store_;
  Waiter waiter_;
};

Task<StoreResult<void>> JournalStore::commit(ports::Executor& loop) {
  auto self = shared_from_this();
  co_return co_await CommitAwaiter(*this, loop);
}

/// False: there is nothing to wait for.
bool JournalStore::enlist(Waiter& waiter) {
  ports::Executor& loop = *waiter.loop;
  bool many;
  {
    Lock lock(mutex_);
    if (durable_ == entered_) return false;
    waiter.ticket = entered_;
    waiters_.push_back(&waiter);
    if (writer_ == WriterState::kNone) start_after_turn(loop);
    many = waiters_.size() >= kManyWaiting;
  }
  if (many) start_writer(loop);
  return true;
}

/// With mutex_ held. Posted work runs when this turn's requests have entered what they have.
void JournalStore::start_after_turn(ports::Executor& loop) {
  writer_ = WriterState::kSoon;
  loop.post([self = shared_from_this(), &loop] { self->start_writer(loop); });
}

/// Of `loop`, unless it has been started meanwhile.
void JournalStore::start_writer(ports::Executor& loop) {
  {
    Lock lock(mutex_);
    if (writer_ != WriterState::kSoon) return;
    writer_ = WriterState::kAtWork;
  }
  loop.run_blocking([self = shared_from_this(), &loop] { self->run_writer(loop); },
                    [self = shared_from_this()] {});
}

void JournalStore::run_writer(ports::Executor& loop) {
  while (write_once(loop)) {
  }
}

/// False: nothing is left to be done, and the writer has ended.
bool JournalStore::write_once(ports::Executor& loop) {
  ByteVec batch;
  std::uint64_t ticket = 0;
  bool failing = false;
  {
    Lock lock(mutex_);
    take_spare();
    failing = figures_.failing;
    const bool copying = !failing && journal_->wants_copying();
    if (waiters_.empty() && !copying) {
      writer_ = WriterState::kNone;
      return false;
    }
    std::swap(batch, waiting_changes_);
    ticket = entered_;
  }
  if (failing) batch = journal_->condensed(batch);
  StoreResult<void> result = write_to_journal(batch);
  finish(ticket, std::move(batch), result);
  if (result && journal_->wants_spare()) make_spare_on(loop);
  return !wait_for_turn();
}

/// A few who began to wait during the batch wait for what else the turn of their loop enters, as
/// those before the first batch do: each batch costs a synchronous write. True: the writer ends.
bool JournalStore::wait_for_turn() {
  Lock lock(mutex_);
  if (waiters_.empty() || waiters_.size() >= kManyWaiting) return false;
  start_after_turn(*waiters_.front()->loop);
  return true;
}

StoreResult<void> JournalStore::write_to_journal(Bytes batch) {
  if (options_.may_write && !options_.may_write())
    return std::unexpected(StoreError{NtStatus::kFileForcedClosed,
                                      "The state store in " + disk_->path() +
                                          " is not written any more: another server may have it."});
  return journal_->write(batch);
}

void JournalStore::finish(std::uint64_t ticket, ByteVec batch, const StoreResult<void>& result) {
  std::vector<Waiter*> woken;
  bool was_failing;
  {
    Lock lock(mutex_);
    was_failing = figures_.failing;
    if (result) {
      durable_ = ticket;
      // Not with every batch while the volume is full.
      if (journal_->sequence() % 64 == 0) spare_failed_ = false;
    } else {
      batch.insert(batch.end(), waiting_changes_.begin(), waiting_changes_.end());
      waiting_changes_ = std::move(batch);
    }
    figures_ = {journal_->id(),          journal_->sequence(),    journal_->live_records(),
                journal_->live_octets(), journal_->disk_octets(), !result};
    auto told = std::partition(waiters_.begin(), waiters_.end(),
                               [&](const Waiter* w) { return w->ticket > ticket; });
    woken.assign(told, waiters_.end());
    waiters_.erase(told, waiters_.end());
  }
  for (Waiter* waiter : woken) waiter->result = result;
  resume(std::move(woken));
  if (events_ == nullptr || was_failing == !result) return;
  if (result)
    events_->emit({Severity::kNotice,
                   "store.recovered",
                   "The state store in " + disk_->path() + " is written again.",
                   {}});
  else
    events_->emit({Severity::kError, "store.failed", result.error().message, {}});
}

/// One message to each loop, however many of its coroutines go on.
void JournalStore::resume(std::vector<Waiter*> woken) {
  std::sort(woken.begin(), woken.end(), [](const Waiter* a, const Waiter* b) {
    return a->loop != b->loop ? std::less<>()(a->loop, b->loop) : a->ticket < b->ticket;
  });
  for (auto begin = woken.begin(); begin != woken.end();) {
    ports::Executor* loop = (*begin)->loop;
    auto end = std::find_if(begin, woken.end(), [&](const Waiter* w) { return w->loop != loop; });
    std::vector<std::coroutine_handle<>> handles;
    for (; begin != end; ++begin) handles.push_back((*begin)->handle);
    loop->post([handles = std::move(handles)] {
      for (std::coroutine_handle<> handle : handles) handle.resume();
    });
  }
}

/// Beside the writer, because a spare takes longer than a batch. Called by the writer.
void JournalStore::make_spare_on(ports::Executor& loop) {
  {
    Lock lock(mutex_);
    if (making_spare_ || made_spare_ || spare_failed_) return;
    making_spare_ = true;
  }
  auto old = std::make_shared<Spare>(journal_->take_old());
  const std::uint64_t size = journal_->segment_size();
  loop.post([self = shared_from_this(), &loop, old, size] {
    loop.run_blocking(
        [self, old, size] {
          DiskResult<Spare> made = make_spare(*self->disk_, std::move(*old), size);
          self->spare_made(std::move(made));
        },
        [] {});
  });
}

void JournalStore::spare_made(DiskResult<Spare> made) {
  Lock lock(mutex_);
  making_spare_ = false;
  spare_failed_ = !made;
  made_spare_ = std::move(made);
  // A writer that is at work takes it before its next batch.
  if (writer_ != WriterState::kAtWork) take_spare();
}

/// With mutex_ held, by the writer or while there is none.
void JournalStore::take_spare() {
  if (!made_spare_) return;
  journal_->give_spare(std::move(*made_spare_));
  made_spare_.reset();
  figures_.disk_octets = journal_->disk_octets();
}

JournalStore::Figures JournalStore::figures() const {
  Lock lock(mutex_);
  return figures_;
}

Task<StoreResult<std::vector<ports::StoreRecord>>> JournalStore::load(ports::Executor& loop) {
  auto self = shared_from_this();
  co_return co_await ports::run_blocking(loop, [this] { return journal_->load(); });
}

}  // namespace holdfast::platform::store
