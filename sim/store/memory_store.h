// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "ports/state_store.h"
#include "sim/world/rng.h"

namespace holdfast::sim {

/// What is on the virtual disk; outlives the server.
using StoreContent = std::map<std::pair<std::uint16_t, ByteVec>, ByteVec>;

/// See README.md. One thread.
class MemoryStore final : public ports::StateStore,
                          public std::enable_shared_from_this<MemoryStore> {
 public:
  MemoryStore(std::uint64_t seed, std::uint64_t name, StoreContent content = {})
      : rng_(seed, name), durable_(std::move(content)) {}

  Result<void> apply(std::span<const ports::StoreChange> changes) override;
  Task<ports::StoreResult<void>> commit(ports::Executor& loop) override;
  Task<ports::StoreResult<std::vector<ports::StoreRecord>>> load(ports::Executor& loop) override;

  /// Asked before something becomes durable; when it may not, the commit fails. May be empty.
  std::function<bool()> may_write;
  /// Called before something becomes durable.
  std::function<void()> on_write;
  /// Called after.
  std::function<void(const StoreContent&)> on_written;
  /// Of 1000 commits, how many fail.
  std::uint64_t commit_error_per_mille = 0;
  /// Of 1000 commits, for how many there is no room.
  std::uint64_t disk_full_per_mille = 0;
  /// A bug: commits say that they are done before they are.
  bool answers_early = false;
  /// How long a write takes at most.
  std::uint64_t longest_write_us = 5'000;
  /// What is durable now.
  const StoreContent& durable() const { return durable_; }

  /// From now on commits fail with this, until it is nullopt again.
  void fail_commits(std::optional<ports::StoreError> error) { error_ = std::move(error); }
  /// What a server that starts now finds. Nothing of this store becomes durable any more, and
  /// whoever waits for a commit waits for ever, as a process that is gone does: the caller lets go
  /// of the server without resuming it.
  StoreContent crash();
  std::size_t waiting() const { return waiters_.size(); }
  std::uint64_t writes() const { return writes_; }

 private:
  struct Waiter {
    std::size_t entered = 0;
    ports::Executor* loop = nullptr;
    std::coroutine_handle<> handle;
    ports::StoreResult<void> result;
  };
  class CommitAwaiter;
  /// One apply().
  struct Entry {
    std::vector<ports::StoreRecord> records;
    std::vector<bool> erased;
  };

  void begin(ports::Executor& loop);
  void write(ports::Executor& loop);
  void written(ports::Executor& loop, std::size_t upto);
  static void enter(StoreContent& content, const Entry& entry);

  Rng rng_;
  StoreContent durable_;
  /// Entered and not durable; the first one is number done_.
  std::deque<Entry> pending_;
  std::size_t done_ = 0;
  std::deque<Waiter*> waiters_;
  std::optional<ports::StoreError> error_;
  bool writing_ = false;
  bool crashed_ = false;
  std::uint64_t writes_ = 0;
};

}  // namespace holdfast::sim
