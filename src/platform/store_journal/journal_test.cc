// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>

#include "core/failover/records.h"
#include "platform/store_journal/crc32c.h"
#include "platform/store_journal/epoch_file.h"
#include "platform/store_journal/journal_store.h"
#include "platform/store_journal/posix_disk.h"
#include "platform/store_journal/test_disk.h"

namespace holdfast::platform::store {
namespace {

using core::failover::open_key;
using ::testing::HasSubstr;

class Warnings final : public EventSink {
 public:
  void emit(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

class FixedRandom final : public ports::Random {
 public:
  void fill(MutBytes out) override {
    for (std::uint8_t& octet : out) octet = 0x33;
  }
};

/// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/holdfast-journal-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

ByteVec record(const std::string& key, const std::string& value) {
  ByteVec payload;
  append_record(payload, 2, as_bytes(key), as_bytes(value));
  return payload;
}

/// A journal with `batches` batches; its only segment is the first.
TestFolder written(int batches, const JournalOptions& options = {}) {
  TestDisk disk;
  auto journal = Journal::open(disk, options, Guid{}, nullptr);
  for (int i = 0; i < batches; ++i)
    EXPECT_TRUE((*journal)->write(record("k" + std::to_string(i), "value")).has_value());
  return disk.folder();
}
const std::string kFirst = segment_name(1);

std::size_t count(TestFolder folder, std::string* error = nullptr, Scan* out = nullptr) {
  TestDisk disk(std::move(folder));
  std::size_t records = 0;
  auto scan =
      scan_journal(disk, [&](const RecordView&, const Place&, std::uint64_t) { ++records; });
  if (!scan && error != nullptr) *error = scan.error().message;
  if (!scan) EXPECT_NE(error, nullptr) << scan.error().message;
  if (scan && out != nullptr) *out = *scan;
  return records;
}

TEST(Crc32c, HasTheKnownValuesAndBothWaysAgree) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  ByteVec octets(1000);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i * 7);
  for (std::size_t n = 0; n < 100; ++n) {
    const Bytes part = Bytes(octets).subspan(n, 900);
    EXPECT_EQ(crc32c(part), crc32c_portable(part));
    EXPECT_EQ(crc32c(part.subspan(n), crc32c(part.first(n))), crc32c(part));
  }
}

TEST(Format, NamesOfSegmentsAreTakenApart) {
  EXPECT_EQ(segment_number(segment_name(0x1A)), 0x1Au);
  for (const char* name : {"segment-0", "segment-000000000000001A", "segment-0000000000000000",
                           "segment-000000000000001a.tmp", "epoch"})
    EXPECT_FALSE(segment_number(name)) << name;
}

TEST(Scan, AnUnfinishedTailIsLeftOutAndTold) {
  TestFolder folder = written(3);
  ByteVec& octets = folder[kFirst]->cache;
  octets[3 * kBlock + 70] ^= 1;
  Scan scan;
  EXPECT_EQ(count(folder, nullptr, &scan), 2u);
  ASSERT_TRUE(scan.tail);
  EXPECT_EQ(scan.tail->offset, 3 * kBlock);
  EXPECT_EQ(scan.tail->sequence, 3u);
  EXPECT_EQ(scan.tail->octets, kBatchHeader + kRecordHeader + 2 + 5);
  TestDisk disk(folder);
  Warnings warnings;
  auto journal = Journal::open(disk, {}, Guid{}, &warnings);
  ASSERT_TRUE(journal.has_value());
  ASSERT_EQ(warnings.events.size(), 1u);
  EXPECT_EQ(warnings.events[0].severity, Severity::kWarning);
  EXPECT_THAT(warnings.events[0].message, HasSubstr("batch 3"));
  // It is told once: the next segment says where the first one ends.
  EXPECT_EQ(count(disk.folder(), nullptr, &scan), 2u);
  EXPECT_FALSE(scan.tail);
}

TEST(Scan, DamageBeforeWholeBatchesIsAnErrorThatNamesTheRecord) {
  TestFolder folder = written(3);
  folder[kFirst]->cache[2 * kBlock + kBatchHeader + kRecordHeader] ^= 1;
  std::string error;
  count(folder, &error);
  EXPECT_THAT(error,
              HasSubstr(kFirst + " at octet 8192: batch 2 is not whole (record 1 of 1, table 2)"));
}

TEST(Scan, EveryDamagedOctetOfAnEarlierBatchIsFound) {
  TestFolder folder = written(3);
  ByteVec& octets = folder[kFirst]->cache;
  const std::size_t size = kBatchHeader + kRecordHeader + 7;
  for (std::size_t at = 0; at < size; ++at) {
    octets[kBlock + at] ^= 0x10;
    std::string error;
    count(folder, &error);
    EXPECT_THAT(error, HasSubstr("at octet 4096")) << at;
    octets[kBlock + at] ^= 0x10;
  }
  for (std::size_t at = 0; at < kBlock; at += 5) {
    octets[at] ^= 0x10;
    std::string error;
    count(folder, &error);
    EXPECT_THAT(error, HasSubstr("is damaged")) << at;
    octets[at] ^= 0x10;
  }
}

TEST(Scan, AMissingSegmentIsAnError) {
  // Nothing is copied in so small steps, so that all segments stay.
  const JournalOptions small{.segment_size = 4 * kBlock, .copy_step = 1};
  TestFolder folder = written(8, small);
  ASSERT_TRUE(folder.contains(segment_name(2)));
  folder.erase(segment_name(2));
  std::string error;
  count(folder, &error);
  EXPECT_THAT(error, HasSubstr(segment_name(2)));
}

TEST(Scan, ANewerFormatIsAClearError) {
  TestFolder folder = written(1);
  ByteVec& block = folder[kFirst]->cache;
  store_u16(block.data() + 8, 2);
  store_u32(block.data() + 12, 0);
  store_u32(block.data() + 12, crc32c(Bytes(block).first(kBlock)));
  std::string error;
  count(folder, &error);
  EXPECT_THAT(error, HasSubstr("newer Holdfast (version 2"));
}

TEST(PosixDisk, KeepsARealJournal) {
  Folder folder;
  FixedRandom random;
  for (int round = 0; round < 3; ++round) {
    auto disk = open_posix_disk(folder.path + "/store", {.create = true});
    ASSERT_TRUE(disk.has_value()) << disk.error().message;
    auto journal = Journal::open(**disk, {}, random.guid(), nullptr);
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    EXPECT_EQ((*journal)->live_records(), static_cast<std::size_t>(round));
    ASSERT_TRUE((*journal)->write(record(std::to_string(round), "x")).has_value());
  }
}

TEST(JournalStore, TwoServersOnOneFolderAreToldSo) {
  Folder folder;
  FixedRandom random;
  auto first = JournalStore::open(std::move(*open_posix_disk(folder.path)), {}, random, nullptr);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  auto second = JournalStore::open(std::move(*open_posix_disk(folder.path)), {}, random, nullptr);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message, HasSubstr("in use by another server"));
  first->reset();
  EXPECT_TRUE(JournalStore::open(std::move(*open_posix_disk(folder.path)), {}, random, nullptr)
                  .has_value());
}

TEST(JournalStore, AFolderThatIsNotThereIsAnErrorThatNamesIt) {
  auto disk = open_posix_disk("/nonexistent/store", {.create = true});
  ASSERT_FALSE(disk.has_value());
  EXPECT_THAT(disk.error().message, HasSubstr("/nonexistent/store"));
}

/// A loop that runs what it is given when it is told to, and blocking work at once.
class StepLoop final : public ports::Executor {
 public:
  void post(UniqueFunction fn) override { posted.push_back(std::move(fn)); }
  ports::TimerId start_timer(std::uint64_t, UniqueFunction) override { return 1; }
  bool cancel_timer(ports::TimerId) override { return false; }
  void run_blocking(UniqueFunction work, UniqueFunction done) override {
    work();
    post(std::move(done));
  }
  ports::Clock& clock() override { std::abort(); }
  unsigned index() const override { return 0; }
  void run() {
    while (!posted.empty()) {
      UniqueFunction fn = std::move(posted.front());
      posted.pop_front();
      fn();
    }
  }
  std::deque<UniqueFunction> posted;
};

Task<void> commit(ports::StateStore& store, ports::Executor& loop, std::vector<std::string>& log) {
  auto done = co_await store.commit(loop);
  log.push_back(done ? "ok" : done.error().message);
}

struct StoreTest : testing::Test {
  void open() {
    auto made = std::make_unique<TestDisk>(folder);
    disk = made.get();
    auto opened = JournalStore::open(std::move(made), {}, random, &warnings);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store = *opened;
    disk->log.clear();
  }
  void put(const std::string& key, const std::string& value) {
    EXPECT_TRUE(store->put(1, as_bytes(key), as_bytes(value)).has_value());
  }
  std::size_t syncs() const {
    return static_cast<std::size_t>(
        std::count_if(disk->log.begin(), disk->log.end(),
                      [](const TestEvent& e) { return e.kind == TestEvent::Kind::kSync; }));
  }
  TestFolder folder;
  FixedRandom random;
  Warnings warnings;
  TestDisk* disk = nullptr;
  std::shared_ptr<JournalStore> store;
  StepLoop loop;
  std::vector<std::string> log;
};

TEST_F(StoreTest, AFewOfATurnShareOneSync) {
  open();
  for (int i = 0; i < 15; ++i) {
    put(std::to_string(i), "value");
    spawn(commit(*store, loop, log));
  }
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(syncs(), 0u);
  loop.run();
  EXPECT_EQ(log, std::vector<std::string>(15, "ok"));
  EXPECT_EQ(syncs(), 1u);
  EXPECT_EQ(store->figures().live_records, 15u);
}

TEST_F(StoreTest, ManyDoNotWaitForTheEndOfTheTurn) {
  open();
  for (int i = 0; i < 20; ++i) {
    put(std::to_string(i), "value");
    spawn(commit(*store, loop, log));
  }
  EXPECT_EQ(syncs(), 1u);
  EXPECT_TRUE(log.empty());
  loop.run();
  EXPECT_EQ(log, std::vector<std::string>(20, "ok"));
  EXPECT_EQ(syncs(), 2u);
  EXPECT_EQ(store->figures().live_records, 20u);
}

TEST_F(StoreTest, ACommitWithoutChangesWaitsForNothing) {
  open();
  spawn(commit(*store, loop, log));
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(syncs(), 0u);
}

TEST_F(StoreTest, AFullVolumeIsToldAndWhatWasEnteredIsWrittenWhenThereIsRoomAgain) {
  open();
  disk->fault = [](std::uint64_t) { return ENOSPC; };
  put("a", "1");
  put("b", "1");
  spawn(commit(*store, loop, log));
  loop.run();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_THAT(log[0], HasSubstr("No space left"));
  EXPECT_THAT(log[0], HasSubstr("/test"));
  EXPECT_TRUE(store->figures().failing);
  EXPECT_TRUE(store->erase(1, as_bytes("a")).has_value());
  disk->fault = nullptr;
  spawn(commit(*store, loop, log));
  loop.run();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[1], "ok");
  EXPECT_FALSE(store->figures().failing);
  EXPECT_EQ(store->figures().live_records, 1u);
  EXPECT_EQ(warnings.events.size(), 2u);
  folder = disk->folder();
  store.reset();
  open();
  EXPECT_EQ(store->figures().live_records, 1u);
}

TEST_F(StoreTest, AStartOnAFullVolumeHasWhatItHeldAndWritesWhenThereIsRoomAgain) {
  open();
  put("a", "1");
  spawn(commit(*store, loop, log));
  loop.run();
  folder = disk->folder();
  store.reset();
  auto made = std::make_unique<TestDisk>(folder);
  disk = made.get();
  disk->full = true;
  auto opened = JournalStore::open(std::move(made), {}, random, &warnings);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  store = *opened;
  EXPECT_EQ(store->figures().live_records, 1u);
  ASSERT_EQ(warnings.events.size(), 1u);
  EXPECT_THAT(warnings.events[0].message, HasSubstr("No space left"));
  put("b", "2");
  spawn(commit(*store, loop, log));
  loop.run();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_THAT(log[1], HasSubstr("No space left"));
  disk->full = false;
  spawn(commit(*store, loop, log));
  loop.run();
  EXPECT_EQ(log.back(), "ok");
  folder = disk->folder();
  store.reset();
  open();
  EXPECT_EQ(store->figures().live_records, 2u);
}

TEST_F(StoreTest, BoundsAreKept) {
  open();
  EXPECT_EQ(store->put(1, ByteVec(ports::kMaxStoreKey + 1), {}).error(),
            NtStatus::kInvalidParameter);
  EXPECT_EQ(store->put(1, {}, ByteVec(ports::kMaxStoreValue + 1)).error(),
            NtStatus::kInvalidParameter);
  ByteVec large(ports::kMaxStoreValue);
  Result<void> done;
  int entered = 0;
  for (; done && entered < 100; ++entered)
    done = store->put(1, open_key(static_cast<std::uint64_t>(entered)), large);
  EXPECT_EQ(done.error(), NtStatus::kInsufficientResources);
  EXPECT_TRUE(store->erase(1, open_key(0)).has_value());
  spawn(commit(*store, loop, log));
  loop.run();
  EXPECT_EQ(log, std::vector<std::string>{"ok"});
}

TEST_F(StoreTest, ItBecomesSmallAgainByItself) {
  open();
  const std::uint64_t base = store->figures().disk_octets;
  for (int i = 0; i < 2000; ++i) {
    put(std::to_string(i), std::string(3000, 'x'));
    spawn(commit(*store, loop, log));
    loop.run();
  }
  EXPECT_GT(store->figures().disk_octets, base);
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(store->erase(1, as_bytes(std::to_string(i))));
  spawn(commit(*store, loop, log));
  loop.run();
  EXPECT_EQ(store->figures().disk_octets, base);
  EXPECT_EQ(store->figures().live_records, 0u);
}

TEST(EpochFile, AWriteThatIsCutShortLeavesTheOneBefore) {
  TestDisk disk;
  auto file = EpochFile::open(disk);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->read().has_value());
  EXPECT_FALSE((*file)->read()->has_value());
  core::failover::Epoch epoch;
  epoch.number = 1;
  epoch.host = "node1";
  Rng rng(1);
  for (int i = 0; i < 8; ++i) {
    PowerLoss power({});
    for (const TestEvent& event : disk.log) power.apply(event);
    const auto before = *(*file)->read();
    epoch.renewals = static_cast<std::uint64_t>(i);
    ASSERT_TRUE((*file)->write(epoch).has_value());
    EXPECT_EQ(*(*file)->read(), epoch);
    const TestEvent& write = disk.log[disk.log.size() - 2];
    for (std::size_t n = 0; n <= kBlock; n += n < 200 ? 1 : 97) {
      TestDisk after(power.image(PowerLoss::Unsynced::kLost, rng, &write, n));
      auto read = read_epoch(after);
      ASSERT_TRUE(read.has_value()) << read.error().message;
      EXPECT_TRUE(*read == before || *read == epoch) << n;
    }
  }
}

TEST(EpochFile, WorksOnARealDiskAndWithoutBeingMade) {
  Folder folder;
  auto disk = std::move(*open_posix_disk(folder.path));
  EXPECT_FALSE(read_epoch(*disk)->has_value());
  auto file = EpochFile::open(*disk);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  core::failover::Epoch epoch;
  epoch.number = 5;
  epoch.state = core::failover::Epoch::State::kActive;
  ASSERT_TRUE((*file)->write(epoch).has_value());
  EXPECT_EQ(*(*file)->read(), epoch);
  EXPECT_EQ(*read_epoch(*disk), epoch);
}

}  // namespace
}  // namespace holdfast::platform::store
