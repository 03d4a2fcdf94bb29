// SPDX-License-Identifier: Apache-2.0
#include "sim/store/virtual_volume.h"

#include <algorithm>

#include "core/failover/records.h"

namespace holdfast::sim {

using core::failover::Epoch;
using ports::StoreError;
using ports::StoreResult;
using wire::state::Table;

namespace {

const std::string kPath = "/sim/.holdfast";

std::unexpected<StoreError> io_error(const char* what) {
  return std::unexpected(
      StoreError{NtStatus::kIoDeviceError, kPath + ": " + what + ": input/output error"});
}

/// A store with the bugs of VolumePlants.
class PlantedStore final : public ports::StateStore {
 public:
  PlantedStore(std::shared_ptr<MemoryStore> store, const VolumePlants& plants)
      : store_(std::move(store)), plants_(plants) {}

  Result<void> apply(std::span<const ports::StoreChange> changes) override {
    std::vector<ports::StoreChange> some;
    for (const ports::StoreChange& change : changes)
      if (change.value || !plants_.keep_records) some.push_back(change);
    return store_->apply(some);
  }
  Task<StoreResult<void>> commit(ports::Executor& loop) override { return store_->commit(loop); }
  Task<StoreResult<std::vector<ports::StoreRecord>>> load(ports::Executor& loop) override {
    auto records = co_await store_->load(loop);
    if (!records || !plants_.forget_locks) co_return records;
    for (ports::StoreRecord& record : *records) {
      if (record.table != static_cast<std::uint16_t>(Table::kOpens)) continue;
      auto open = core::failover::decode_open(record.value);
      if (!open) continue;
      open->locks.clear();
      record.value = core::failover::encode_open(*open);
    }
    co_return records;
  }

 private:
  std::shared_ptr<MemoryStore> store_;
  const VolumePlants& plants_;
};

}  // namespace

/// A volume as one process sees it.
class VirtualVolume::Storage final : public service::VolumeStorage {
 public:
  Storage(VirtualVolume& volume, Process& process, std::size_t machine)
      : volume_(volume), process_(process), machine_(machine) {}
  ~Storage() override { close(); }

  StoreResult<void> open() override {
    for (const Lock& lock : volume_.locks_)
      if (lock.machine == machine_)
        return std::unexpected(
            StoreError{NtStatus::kSharingViolation, kPath + " is used by another server"});
    volume_.locks_.push_back({machine_, &process_});
    return {};
  }

  StoreResult<std::optional<Epoch>> read_epoch() override {
    if (!volume_.is_reached() || volume_.fails(volume_.faults_.epoch_error_per_mille))
      return io_error("reading the epoch");
    std::optional<Epoch> epoch = volume_.epoch_;
    if (epoch && volume_.plants_.ignore_epoch && epoch->instance != mine_)
      epoch->state = Epoch::State::kClean;
    return epoch;
  }

  StoreResult<void> write_epoch(const Epoch& epoch) override {
    mine_ = epoch.instance;
    if (!volume_.is_reached()) return io_error("writing the epoch");
    bool fails = volume_.fails(volume_.faults_.epoch_error_per_mille);
    if (!fails || volume_.rng_.one_in(2)) {
      if (epoch.state == Epoch::State::kActive && volume_.server_ != nullptr && volume_.epoch_ &&
          epoch.number < volume_.epoch_->number)
        volume_.world_.fail(process_.name() + " writes an epoch over a later one");
      volume_.world_.trace("epoch", epoch.number << 8 | static_cast<std::uint64_t>(epoch.state),
                           process_.number());
      volume_.epoch_ = epoch;
    }
    if (fails) return io_error("writing the epoch");
    return {};
  }

  StoreResult<std::shared_ptr<ports::StateStore>> open_store(
      std::function<bool()> may_write) override {
    volume_.world_.trace("store is read", process_.number(), volume_.content_.size());
    // One that was stopped for long reads in vain.
    if (may_write()) volume_.server_ = &process_;
    auto store = std::make_shared<MemoryStore>(volume_.world_.seed(), 1'000 + ++volume_.stores_,
                                               volume_.content_);
    store->may_write = [asked = std::move(may_write), volume = &volume_] {
      return asked() && volume->is_reached();
    };
    store->longest_write_us = volume_.faults_.longest_write_us;
    store->commit_error_per_mille = volume_.faults_.commit_error_per_mille;
    store->disk_full_per_mille = volume_.faults_.disk_full_per_mille;
    store->answers_early = volume_.plants_.answer_before_commit;
    store->on_write = [volume = &volume_] { volume->changed("the store"); };
    store->on_written = [volume = &volume_](const StoreContent& content) {
      if (volume->server_ != Process::current()) return;
      volume->content_ = content;
      volume->world_.trace("store is written", content.size());
    };
    if (volume_.server_ == &process_) volume_.store_ = store;
    store_ = store;
    if (volume_.plants_.forget_locks || volume_.plants_.keep_records)
      return std::make_shared<PlantedStore>(store, volume_.plants_);
    return store;
  }

  void close() override {
    std::erase_if(volume_.locks_, [this](const Lock& lock) { return lock.process == &process_; });
    store_ = nullptr;
  }

  const std::string& path() const override { return kPath; }

 private:
  VirtualVolume& volume_;
  Process& process_;
  std::size_t machine_;
  Guid mine_;
  std::shared_ptr<MemoryStore> store_;
};

std::unique_ptr<service::VolumeStorage> VirtualVolume::storage(Process& process,
                                                               std::size_t machine) {
  return std::make_unique<Storage>(*this, process, machine);
}

void VirtualVolume::process_ended(Process& process) {
  std::erase_if(locks_, [&](const Lock& lock) { return lock.process == &process; });
  if (server_ != &process) return;
  server_ = nullptr;
  if (auto store = store_.lock()) content_ = store->crash();
  store_.reset();
}

void VirtualVolume::reach(std::size_t machine, bool reaches) {
  std::erase(cut_off_, machine);
  if (!reaches) cut_off_.push_back(machine);
}

bool VirtualVolume::is_reached() const {
  for (const Lock& lock : locks_)
    if (lock.process == Process::current()) return std::ranges::count(cut_off_, lock.machine) == 0;
  return true;
}

void VirtualVolume::changed(const char* what) {
  Process* who = Process::current();
  if (who == server_) return;
  world_.fail((who == nullptr ? "somebody" : who->name()) + " changes " + what +
              " when another serves the volume");
}

}  // namespace holdfast::sim
