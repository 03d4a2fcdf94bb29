// SPDX-License-Identifier: Apache-2.0
#include "sim/store/memory_store.h"

namespace holdfast::sim {

using ports::StoreChange;
using ports::StoreResult;

void MemoryStore::enter(StoreContent& content, const Entry& entry) {
  for (std::size_t i = 0; i < entry.records.size(); ++i) {
    const ports::StoreRecord& record = entry.records[i];
    std::pair key(record.table, record.key);
    if (entry.erased[i])
      content.erase(key);
    else
      content[key] = record.value;
  }
}

Result<void> MemoryStore::apply(std::span<const StoreChange> changes) {
  Entry entry;
  for (const StoreChange& change : changes) {
    if (change.key.size() > ports::kMaxStoreKey) return fail(NtStatus::kInvalidParameter);
    if (change.value && change.value->size() > ports::kMaxStoreValue)
      return fail(NtStatus::kInvalidParameter);
    entry.erased.push_back(!change.value);
    entry.records.push_back(
        {change.table, to_vec(change.key), change.value ? to_vec(*change.value) : ByteVec{}});
  }
  pending_.push_back(std::move(entry));
  return {};
}

class MemoryStore::CommitAwaiter {
 public:
  CommitAwaiter(MemoryStore& store, ports::Executor& loop) : store_(store), loop_(loop) {}
  bool await_ready() {
    if (store_.answers_early && !store_.crashed_) {
      store_.begin(loop_);
      return true;
    }
    return store_.pending_.empty() && !store_.crashed_;
  }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiter_.handle = waiting;
    waiter_.loop = &loop_;
    waiter_.entered = store_.done_ + store_.pending_.size();
    store_.waiters_.push_back(&waiter_);
    store_.begin(loop_);
  }
  StoreResult<void> await_resume() { return std::move(waiter_.result); }

 private:
  MemoryStore& store_;
  ports::Executor& loop_;
  Waiter waiter_;
};

Task<StoreResult<void>> MemoryStore::commit(ports::Executor& loop) {
  auto self = shared_from_this();
  co_return co_await CommitAwaiter(*this, loop);
}

/// As the journal: at the end of the turn, with all that the turn has entered.
void MemoryStore::begin(ports::Executor& loop) {
  if (writing_ || crashed_) return;
  writing_ = true;
  loop.post([self = shared_from_this(), &loop] { self->write(loop); });
}

void MemoryStore::write(ports::Executor& loop) {
  if (crashed_) return;
  ++writes_;
  const std::size_t upto = done_ + pending_.size();
  loop.start_timer(50 + rng_.u64() % longest_write_us,
                   [self = shared_from_this(), &loop, upto] { self->written(loop, upto); });
}

void MemoryStore::written(ports::Executor& loop, std::size_t upto) {
  if (crashed_) return;
  StoreResult<void> result;
  if (error_) result = std::unexpected(*error_);
  if (commit_error_per_mille != 0 && rng_.per_mille(commit_error_per_mille))
    result = std::unexpected(ports::StoreError{NtStatus::kIoDeviceError, "the disk fails"});
  if (disk_full_per_mille != 0 && rng_.per_mille(disk_full_per_mille))
    result = std::unexpected(ports::StoreError{NtStatus::kDiskFull, "the disk is full"});
  if (result && may_write && !may_write())
    result = std::unexpected(
        ports::StoreError{NtStatus::kFileForcedClosed, "another server may have the store"});
  if (result && on_write && done_ < upto) on_write();
  for (; result && done_ < upto; ++done_) {
    enter(durable_, pending_.front());
    pending_.pop_front();
  }
  if (result && on_written) on_written(durable_);
  std::vector<Waiter*> woken;
  while (!waiters_.empty() && waiters_.front()->entered <= upto) {
    woken.push_back(waiters_.front());
    waiters_.pop_front();
  }
  writing_ = !waiters_.empty();
  if (writing_) write(loop);
  for (Waiter* waiter : woken) {
    waiter->result = result;
    waiter->loop->post([handle = waiter->handle] { handle.resume(); });
  }
}

Task<StoreResult<std::vector<ports::StoreRecord>>> MemoryStore::load(ports::Executor&) {
  std::vector<ports::StoreRecord> records;
  for (const auto& [key, value] : durable_) records.push_back({key.first, key.second, value});
  co_return records;
}

StoreContent MemoryStore::crash() {
  crashed_ = true;
  StoreContent survived = durable_;
  std::size_t kept = rng_.u64() % (pending_.size() + 1);
  for (const Entry& entry : pending_) {
    if (kept-- == 0) break;
    enter(survived, entry);
  }
  return survived;
}

}  // namespace holdfast::sim
