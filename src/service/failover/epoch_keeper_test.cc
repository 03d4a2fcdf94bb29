// SPDX-License-Identifier: Apache-2.0
#include "service/failover/epoch_keeper.h"

#include <gtest/gtest.h>

#include "service/failover/test_loop.h"

namespace holdfast::service {
namespace {

using core::failover::Epoch;
using testing::TestLoop;

constexpr std::uint64_t kSecond = 1'000'000;

/// A volume that several machines reach; each has a storage of its own on it.
struct Disk {
  std::optional<Epoch> epoch;
  bool fails = false;
};

class TestStorage final : public VolumeStorage {
 public:
  explicit TestStorage(Disk& disk) : disk_(disk) {}
  ports::StoreResult<void> open() override { return {}; }
  ports::StoreResult<std::optional<Epoch>> read_epoch() override {
    if (disk_.fails) return std::unexpected(error());
    return disk_.epoch;
  }
  ports::StoreResult<void> write_epoch(const Epoch& epoch) override {
    if (disk_.fails) return std::unexpected(error());
    disk_.epoch = epoch;
    return {};
  }
  ports::StoreResult<std::shared_ptr<ports::StateStore>> open_store(
      std::function<bool()>) override {
    return std::unexpected(error());
  }
  void close() override {}
  const std::string& path() const override { return path_; }

 private:
  static ports::StoreError error() { return {NtStatus::kIoDeviceError, "the disk fails"}; }
  Disk& disk_;
  std::string path_ = "/volume";
};

class Events final : public EventSink {
 public:
  void emit(const Event& event) override { names.emplace_back(event.name); }
  std::vector<std::string> names;
};

/// One machine's keeper, all on one loop: their clocks are the same here
/// (core/failover/epoch_test.cc has clocks that differ).
struct Machine {
  Machine(TestLoop& test_loop, Disk& disk, std::uint8_t n, bool exclusive) : storage(disk) {
    rules.instance.octets[0] = n;
    rules.boot.octets[0] = n;
    rules.host = "node" + std::to_string(n);
    rules.exclusive_mount = exclusive;
    keeper.emplace(test_loop, storage, rules, events);
  }
  void take() {
    spawn([](Machine& m) -> Task<void> { m.taken = co_await m.keeper->take(); }(*this));
  }
  void renew() {
    spawn([](Machine& m) -> Task<void> {
      m.lost = co_await m.keeper->renew([&m](std::uint64_t until_us) { m.until_us = until_us; });
    }(*this));
  }
  TestStorage storage;
  EpochRules rules;
  Events events;
  std::optional<EpochKeeper> keeper;
  std::optional<bool> taken, lost;
  std::uint64_t until_us = 0;
};

TEST(EpochKeeper, WhoHasTheOnlyMountServesAtOnce) {
  TestLoop loop;
  Disk disk;
  Machine a(loop, disk, 1, true);
  a.take();
  loop.pass(0);
  EXPECT_EQ(a.taken, true);
  EXPECT_EQ(a.keeper->serve_until_us(), ~std::uint64_t{0});
  // Without a word from the first.
  Machine b(loop, disk, 2, true);
  b.take();
  loop.pass(0);
  EXPECT_EQ(b.taken, true);
  EXPECT_EQ(b.keeper->taken_from(), "node1");
  // The first one sees it with its next renewal.
  a.renew();
  loop.pass(3 * kSecond);
  EXPECT_EQ(a.lost, true);
}

TEST(EpochKeeper, AnotherMachinesLeaseIsWaitedFor) {
  TestLoop loop;
  Disk disk;
  Machine a(loop, disk, 1, false), b(loop, disk, 2, false);
  a.take();
  loop.pass(3 * kSecond);
  ASSERT_EQ(a.taken, true);
  a.renew();
  b.take();
  loop.pass(60 * kSecond);
  EXPECT_FALSE(b.taken);
  EXPECT_FALSE(a.lost);
  EXPECT_EQ(b.events.names, std::vector<std::string>{"failover.epoch.waiting"});
  // The first one is gone without a word.
  a.keeper->stop();
  EXPECT_EQ(a.lost, false);
  std::uint64_t until_us = a.until_us;
  loop.pass(20 * kSecond);
  EXPECT_EQ(b.taken, true);
  EXPECT_GT(b.keeper->serve_until_us(), until_us);
}

TEST(EpochKeeper, WhatWasGivenBackIsNotWaitedFor) {
  TestLoop loop;
  Disk disk;
  Machine a(loop, disk, 1, false), b(loop, disk, 2, false);
  a.take();
  loop.pass(3 * kSecond);
  ASSERT_EQ(a.taken, true);
  spawn(a.keeper->release());
  loop.pass(0);
  EXPECT_EQ(disk.epoch->state, Epoch::State::kClean);
  b.take();
  loop.pass(2 * kSecond);
  EXPECT_EQ(b.taken, true);
  EXPECT_EQ(b.keeper->taken_from(), "");
}

TEST(EpochKeeper, AFenceThatHelpsSavesTheWait) {
  TestLoop loop;
  Disk disk;
  Machine a(loop, disk, 1, false), b(loop, disk, 2, false);
  a.take();
  loop.pass(3 * kSecond);
  ASSERT_EQ(a.taken, true);
  a.renew();
  int asked = 0;
  bool helps = false;
  b.rules.fence = [&](const Epoch& holder) {
    EXPECT_EQ(holder.host, "node1");
    ++asked;
    return helps;
  };
  b.take();
  loop.pass(5 * kSecond);
  EXPECT_GE(asked, 1);
  EXPECT_FALSE(b.taken);
  helps = true;
  loop.pass(5 * kSecond);
  EXPECT_EQ(b.taken, true);
  loop.pass(5 * kSecond);
  EXPECT_EQ(a.lost, true);
}

TEST(EpochKeeper, ADiskThatFailsEndsALeaseInTime) {
  TestLoop loop;
  Disk disk;
  Machine a(loop, disk, 1, false);
  a.take();
  loop.pass(3 * kSecond);
  ASSERT_EQ(a.taken, true);
  a.renew();
  loop.pass(5 * kSecond);
  ASSERT_FALSE(a.lost);
  disk.fails = true;
  std::uint64_t until_us = a.until_us;
  loop.pass(20 * kSecond);
  EXPECT_EQ(a.lost, true);
  EXPECT_EQ(a.until_us, until_us);
  // Told once, however often it was tried.
  EXPECT_EQ(a.events.names, std::vector<std::string>{"failover.epoch.failed"});
}

}  // namespace
}  // namespace holdfast::service
