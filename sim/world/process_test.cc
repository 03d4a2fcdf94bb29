// SPDX-License-Identifier: Apache-2.0
#include "sim/world/process.h"

#include <gtest/gtest.h>

#include <memory>

#include "sim/world/executor.h"

namespace holdfast::sim {
namespace {

struct ProcessTest : testing::Test {
  World world{1};
  SimClock clock{world};
  Process process{"server", 1};
  SimExecutor loop{world, clock, 0, &process};
  int went_on = 0;
  std::shared_ptr<int> held = std::make_shared<int>(0);

  ~ProcessTest() override { process.kill(); }
  void start(UniqueFunction fn) { loop.post(std::move(fn)); }
  static Task<void> inner(ports::Executor& on, std::shared_ptr<int>) {
    co_await ports::sleep_for(on, 1'000'000);
  }
  static Task<void> waits(ProcessTest& test, std::shared_ptr<int> what) {
    co_await inner(test.loop, what);
    ++test.went_on;
  }
};

TEST_F(ProcessTest, WhatItsCoroutinesHoldIsGivenBackAndTheyDoNotGoOn) {
  start([this] { spawn(waits(*this, held)); });
  world.run(500'000);
  EXPECT_EQ(process.roots(), 1u);
  EXPECT_GT(held.use_count(), 1);
  process.kill();
  EXPECT_EQ(process.roots(), 0u);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(world.run(10'000'000));
  EXPECT_EQ(went_on, 0);
}

TEST_F(ProcessTest, WhoEndsIsForgotten) {
  start([this] { spawn(waits(*this, held)); });
  EXPECT_TRUE(world.run(10'000'000));
  EXPECT_EQ(went_on, 1);
  EXPECT_EQ(process.roots(), 0u);
}

TEST_F(ProcessTest, NothingIsPostedToOneThatIsGone) {
  process.kill();
  start([this] { ++went_on; });
  (void)loop.start_timer(1, [this] { ++went_on; });
  loop.run_blocking([this] { ++went_on; }, [this] { ++went_on; });
  EXPECT_TRUE(world.run(10'000'000));
  EXPECT_EQ(went_on, 0);
}

TEST_F(ProcessTest, OneThatIsStoppedGoesOnLater) {
  std::uint64_t posted_us = 0, timer_us = 0;
  process.freeze_until(5'000'000);
  start([&] { posted_us = world.now_us(); });
  (void)loop.start_timer(1'000, [&] { timer_us = world.now_us(); });
  EXPECT_TRUE(world.run(10'000'000));
  EXPECT_GE(posted_us, 5'000'000u);
  EXPECT_GE(timer_us, 5'000'000u);
}

TEST_F(ProcessTest, AClockThatRunsFastEndsATimerEarlier) {
  SimClock fast(world, {.since_boot_us = 7, .wall_us = 0, .drift_ppm = 20'000});
  SimExecutor on(world, fast, 1);
  std::uint64_t begun_us = fast.monotonic_us(), ended_us = 0;
  (void)on.start_timer(10'000'000, [&] { ended_us = fast.monotonic_us(); });
  EXPECT_TRUE(world.run(20'000'000));
  EXPECT_GE(ended_us - begun_us, 10'000'000u);
  EXPECT_LT(world.now_us(), 9'900'000u);
}

}  // namespace
}  // namespace holdfast::sim
