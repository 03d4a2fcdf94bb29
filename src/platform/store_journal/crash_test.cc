// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "platform/store_journal/journal.h"
#include "platform/store_journal/test_disk.h"

namespace holdfast::platform::store {
namespace {

using Model = std::map<std::string, std::string>;
using Unsynced = PowerLoss::Unsynced;

constexpr JournalOptions kSmall{.segment_size = 4 * kBlock, .copy_step = 1024};
const std::string kCounter = "counter";

Guid test_id() {
  Guid id;
  id.octets.fill(0x5A);
  return id;
}

/// What a run did, for judging what is restored.
struct History {
  /// models[k]: what holds after the first k groups of changes.
  std::vector<Model> models{Model{}};
  /// acknowledged[i], entered[i]: groups, when i events were in the log.
  std::vector<std::size_t> acknowledged{0}, entered{0};

  void note(const TestDisk& disk, std::size_t acked, std::size_t begun) {
    const std::size_t before = entered.empty() ? 0 : acknowledged.back();
    while (acknowledged.size() <= disk.log.size()) {
      acknowledged.push_back(before);
      entered.push_back(begun);
    }
    acknowledged.back() = acked;
  }
};

class Workload {
 public:
  Workload(std::uint64_t seed, TestDisk& disk, History& run) : rng_(seed), disk_(disk), run_(run) {}

  void open() {
    auto journal = Journal::open(disk_, kSmall, test_id(), nullptr);
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    journal_ = std::move(*journal);
    run_.note(disk_, 0, 0);
  }
  void groups(int count) {
    for (int i = 0; i < count; ++i) group(i);
    // All is erased: the store becomes small again.
    Model& model = run_.models.emplace_back(run_.models.back());
    ByteVec payload;
    for (auto& [key, value] : model) append_record(payload, 1, as_bytes(key), std::nullopt);
    model.clear();
    count_up(model, payload);
    commit(payload);
    while (journal_->wants_copying()) commit({});
  }
  Journal& journal() { return *journal_; }

 private:
  void count_up(Model& model, ByteVec& payload) {
    model[kCounter] = std::to_string(run_.models.size() - 1);
    append_record(payload, 1, as_bytes(kCounter), as_bytes(model[kCounter]));
  }
  void group(int i) {
    Model& model = run_.models.emplace_back(run_.models.back());
    ByteVec payload;
    for (std::uint64_t n = 1 + rng_() % 3; n != 0; --n) {
      const std::string key = "key" + std::to_string(rng_() % 12);
      if (rng_() % 3 == 0) {
        model.erase(key);
        append_record(payload, 1, as_bytes(key), std::nullopt);
        continue;
      }
      const std::size_t size = i % 25 == 24 ? 9000 + i * 500 : rng_() % 120;
      model[key] = std::string(size, static_cast<char>('a' + rng_() % 26));
      append_record(payload, 1, as_bytes(key), as_bytes(model[key]));
    }
    count_up(model, payload);
    commit(payload);
    if (rng_() % 8 == 0 && journal_->wants_copying()) commit({});
  }
  /// Again until it succeeds, as the store does it.
  void commit(ByteVec payload) {
    const std::size_t groups = run_.models.size() - 1;
    run_.note(disk_, run_.acknowledged.back(), groups);
    for (int tries = 0; tries < 20; ++tries) {
      auto done = journal_->write(payload);
      run_.note(disk_, done ? groups : run_.acknowledged.back(), groups);
      if (journal_->wants_spare())
        journal_->give_spare(make_spare(disk_, journal_->take_old(), kSmall.segment_size));
      run_.note(disk_, run_.acknowledged.back(), groups);
      if (done) return;
      payload = journal_->condensed(payload);
    }
    FAIL() << "a commit never succeeded";
  }

  Rng rng_;
  TestDisk& disk_;
  History& run_;
  std::unique_ptr<Journal> journal_;
};

Model restored(Journal& journal) {
  Model model;
  auto records = journal.load();
  EXPECT_TRUE(records.has_value());
  if (!records) return model;
  for (const ports::StoreRecord& record : *records)
    model[std::string(as_text(record.key))] = std::string(as_text(record.value));
  return model;
}

/// Counts of what was tried, for the report.
struct Tally {
  std::uint64_t states = 0;
  std::uint64_t nested = 0;
};

/// What an image restores to; nullopt (and a failed test) when it cannot be read.
std::optional<Model> read_only(TestFolder image) {
  TestDisk disk(std::move(image));
  std::map<std::string, std::string> model;
  auto scan = scan_journal(disk, [&](const RecordView& r, const Place&, std::uint64_t) {
    const std::string key(as_text(r.key));
    if (r.erased)
      model.erase(key);
    else
      model[key] = std::string(as_text(r.value));
  });
  EXPECT_TRUE(scan.has_value()) << (scan ? "" : scan.error().message);
  if (!scan) return std::nullopt;
  return model;
}

/// The group up to which it was restored.
std::size_t judge(const Model& model, const History& run, std::size_t acked, std::size_t entered,
                  const std::string& where) {
  auto counter = model.find(kCounter);
  const std::size_t k = counter == model.end() ? 0 : std::stoul(counter->second);
  EXPECT_GE(k, acked) << where << ": something acknowledged is lost";
  EXPECT_LE(k, entered) << where << ": more than was ever entered";
  if (k < run.models.size()) EXPECT_EQ(model, run.models[k]) << where << ": not a state that was";
  return k;
}

/// Starts a server on an image, goes on, and loses power at each of its calls.
void recover_and_go_on(const TestFolder& image, const History& run, std::size_t acked,
                       std::size_t entered, const std::string& where, bool nested, Rng& rng,
                       Tally& tally) {
  PowerLoss power(image);
  TestDisk disk(image);
  auto journal = Journal::open(disk, kSmall, test_id(), nullptr);
  ASSERT_TRUE(journal.has_value()) << where << ": " << journal.error().message;
  const Model model = restored(**journal);
  const std::size_t k = judge(model, run, acked, entered, where);
  const std::size_t opened = disk.log.size();
  ByteVec more;
  append_record(more, 1, as_bytes("more"), as_bytes("1"));
  ASSERT_TRUE((*journal)->write(more).has_value()) << where;
  Model with_more = model;
  with_more["more"] = "1";

  for (std::size_t i = 0; i <= disk.log.size(); ++i) {
    if (i != 0) power.apply(disk.log[i - 1]);
    if (!nested && i != opened && i != disk.log.size()) continue;
    for (Unsynced unsynced : {Unsynced::kLost, Unsynced::kTorn}) {
      auto again = read_only(power.image(unsynced, rng));
      ASSERT_TRUE(again.has_value()) << where << ", then at call " << i;
      ++tally.nested;
      if (i == disk.log.size()) {
        EXPECT_EQ(*again, with_more) << where << ": a commit after the restart is lost";
      } else if (i >= opened) {
        EXPECT_TRUE(*again == model || *again == with_more)
            << where << ": what was restored is lost";
      } else {
        judge(*again, run, std::min(acked, k), entered,
              where + ", then at call " + std::to_string(i));
      }
    }
  }
}

class EveryPoint {
 public:
  EveryPoint(const std::vector<TestEvent>& log, const History& run)
      : log_(log), run_(run), power_({}) {}

  void all(bool octets) {
    for (std::size_t i = 0; i <= log_.size() && !testing::Test::HasFailure(); ++i) {
      if (i != 0) power_.apply(log_[i - 1]);
      between(i);
      if (octets && i < log_.size() && log_[i].kind == TestEvent::Kind::kWrite) within(i);
    }
  }
  Tally tally;

 private:
  void between(std::size_t i) {
    const std::string where = "power lost after call " + std::to_string(i);
    for (Unsynced unsynced : {Unsynced::kLost, Unsynced::kKept, Unsynced::kTorn, Unsynced::kTorn,
                              Unsynced::kTorn, Unsynced::kTorn}) {
      ++tally.states;
      recover_and_go_on(power_.image(unsynced, rng_), run_, run_.acknowledged[i], run_.entered[i],
                        where, unsynced == Unsynced::kTorn, rng_, tally);
    }
    ++tally.states;
    recover_and_go_on(power_.killed(), run_, run_.acknowledged[i], run_.entered[i],
                      "killed after call " + std::to_string(i), false, rng_, tally);
  }
  /// After each octet of a write that changes something.
  void within(std::size_t i) {
    const TestEvent& write = log_[i];
    std::size_t end = write.data.size();
    while (end != 0 && write.data[end - 1] == 0) --end;
    for (std::size_t octets = 1; octets < end; ++octets) {
      // Of long ones each octet of the first blocks, then some.
      if (octets > 2 * kBlock && octets % 61 != 0) continue;
      ++tally.states;
      const std::string where =
          "power lost in call " + std::to_string(i) + " after octet " + std::to_string(octets);
      auto model = read_only(
          power_.image(octets % 7 == 0 ? Unsynced::kTorn : Unsynced::kKept, rng_, &write, octets));
      ASSERT_TRUE(model.has_value()) << where;
      judge(*model, run_, run_.acknowledged[i], run_.entered[i], where);
    }
  }

  const std::vector<TestEvent>& log_;
  const History& run_;
  PowerLoss power_;
  Rng rng_{7};
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(JournalCrash, EveryPointOfAWorkloadRestoresWhatWasAcknowledged) {
  const auto begin = std::chrono::steady_clock::now();
  Tally total;
  for (std::uint64_t seed : {1, 2}) {
    TestDisk disk;
    History run;
    Workload workload(seed, disk, run);
    workload.open();
    workload.groups(60);
    ASSERT_FALSE(HasFailure());
    EveryPoint points(disk.log, run);
    points.all(true);
    total.states += points.tally.states;
    total.nested += points.tally.nested;
  }
  std::printf("crash points: %llu states, %llu more during restart; %.1f s\n",
              static_cast<unsigned long long>(total.states),
              static_cast<unsigned long long>(total.nested), seconds_since(begin));
}

TEST(JournalCrash, TheStoreReturnsToItsBaseWhenAllIsErased) {
  TestDisk disk;
  History run;
  Workload workload(3, disk, run);
  workload.open();
  const std::uint64_t base = workload.journal().disk_octets();
  workload.groups(400);
  // One segment more is left while anything (the counter) is alive.
  EXPECT_LE(workload.journal().disk_octets(), base + kSmall.segment_size);
  EXPECT_EQ(workload.journal().live_records(), 1u);
}

/// Each call of a workload fails once: with each error, and short.
TEST(JournalCrash, EveryCallMayFailAndNothingAcknowledgedIsLost) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t runs = 0, states = 0;
  Rng rng(11);
  std::uint64_t calls = 0;
  {
    TestDisk disk;
    History run;
    Workload workload(4, disk, run);
    workload.open();
    calls = disk.calls();
    workload.groups(30);
    std::swap(calls, states);
    calls = disk.calls() - states;
    states = 0;
  }
  for (std::uint64_t n = 0; n < calls; ++n) {
    for (int error : {EIO, ENOSPC, -1}) {
      TestDisk disk;
      History run;
      Workload workload(4, disk, run);
      workload.open();
      const std::uint64_t first = disk.calls();
      disk.fault = [=](std::uint64_t call) { return call == first + n ? error : 0; };
      workload.groups(30);
      ASSERT_FALSE(HasFailure()) << "call " << n << " failed with " << error;
      ++runs;
      PowerLoss power({});
      const std::size_t at = rng() % disk.log.size();
      for (std::size_t i = 0; i <= disk.log.size(); ++i) {
        if (i != 0) power.apply(disk.log[i - 1]);
        if (i != disk.log.size() && i != at) continue;
        for (Unsynced unsynced : {Unsynced::kLost, Unsynced::kTorn}) {
          auto model = read_only(power.image(unsynced, rng));
          ASSERT_TRUE(model.has_value());
          judge(*model, run, run.acknowledged[i], run.entered[i],
                "call " + std::to_string(n) + " failed with " + std::to_string(error));
          ++states;
        }
      }
    }
  }
  std::printf("failures: %llu runs, %llu states judged; %.1f s\n",
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(states),
              seconds_since(begin));
}

}  // namespace
}  // namespace holdfast::platform::store
