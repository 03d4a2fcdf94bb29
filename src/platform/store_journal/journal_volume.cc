// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/journal_volume.h"

#include "core/failover/records.h"
#include "platform/store_journal/epoch_file.h"
#include "platform/store_journal/journal_store.h"
#include "platform/store_journal/posix_disk.h"
#include "platform/store_journal/scan.h"

namespace holdfast::platform::store {
namespace {

using core::failover::Epoch;
using ports::StoreResult;

class JournalVolume final : public service::VolumeStorage {
 public:
  JournalVolume(std::string path, ports::Random& random, EventSink& events)
      : path_(std::move(path)), random_(random), events_(events) {}

  StoreResult<void> open() override {
    auto disk = open_posix_disk(path_, {.create = true});
    if (!disk) return std::unexpected(disk.error());
    if (auto locked = JournalStore::lock(**disk); !locked) return locked;
    auto epoch = EpochFile::open(**disk);
    if (!epoch) return std::unexpected(epoch.error());
    disk_ = std::move(*disk);
    epoch_ = std::move(*epoch);
    return {};
  }

  StoreResult<std::optional<Epoch>> read_epoch() override { return epoch_->read(); }
  StoreResult<void> write_epoch(const Epoch& epoch) override { return epoch_->write(epoch); }

  StoreResult<std::shared_ptr<ports::StateStore>> open_store(
      std::function<bool()> may_write) override {
    JournalStoreOptions options;
    options.is_locked = true;
    options.may_write = std::move(may_write);
    auto store = JournalStore::open(std::move(disk_), options, random_, &events_);
    if (!store) return std::unexpected(store.error());
    store_ = *store;
    return store_;
  }

  void close() override {
    epoch_.reset();
    store_.reset();
    disk_.reset();
  }

  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  ports::Random& random_;
  EventSink& events_;
  /// Until the store has it.
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<EpochFile> epoch_;
  std::shared_ptr<JournalStore> store_;
};

}  // namespace

std::optional<Guid> stored_server_guid(const std::string& path) {
  auto disk = open_posix_disk(path);
  if (!disk) return std::nullopt;
  std::optional<Guid> guid;
  auto scan = scan_journal(**disk, [&](const RecordView& record, const Place&, std::uint64_t) {
    if (record.erased || record.table != static_cast<std::uint16_t>(wire::state::Table::kServer))
      return;
    if (auto server = core::failover::decode_server(record.value)) guid = server->server_guid;
  });
  if (!scan || !guid || guid->is_zero()) return std::nullopt;
  return guid;
}

std::unique_ptr<service::VolumeStorage> make_journal_volume(std::string path, ports::Random& random,
                                                            EventSink& events) {
  return std::make_unique<JournalVolume>(std::move(path), random, events);
}

}  // namespace holdfast::platform::store
