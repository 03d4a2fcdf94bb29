// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/timers.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace holdfast::platform {
namespace {

TEST(Timers, AgreeWithAMapWhateverTheOrder) {
  std::mt19937_64 random(1);
  Timers timers;
  std::multimap<std::uint64_t, int> model;
  std::map<int, std::pair<Timers::Id, std::uint64_t>> live;
  std::vector<int> ran;
  std::uint64_t now = 0;
  for (int i = 0; i < 20'000; ++i) {
    switch (random() % 4) {
      case 0:
      case 1: {
        std::uint64_t deadline = now + random() % 1'000;
        live[i] = {timers.start(deadline, [&ran, i] { ran.push_back(i); }), deadline};
        model.emplace(deadline, i);
        break;
      }
      case 2: {
        if (live.empty()) break;
        auto victim = live.lower_bound(static_cast<int>(random() % static_cast<unsigned>(i + 1)));
        if (victim == live.end()) victim = live.begin();
        EXPECT_TRUE(timers.cancel(victim->second.first));
        EXPECT_FALSE(timers.cancel(victim->second.first));
        auto range = model.equal_range(victim->second.second);
        for (auto it = range.first; it != range.second; ++it)
          if (it->second == victim->first) {
            model.erase(it);
            break;
          }
        live.erase(victim);
        break;
      }
      default: {
        now += random() % 200;
        ran.clear();
        std::vector<int> expected;
        while (!model.empty() && model.begin()->first <= now) {
          expected.push_back(model.begin()->second);
          live.erase(model.begin()->second);
          model.erase(model.begin());
        }
        EXPECT_EQ(timers.run_due(now), expected.size());
        ASSERT_EQ(ran, expected);
      }
    }
    ASSERT_EQ(timers.size(), model.size());
    if (!model.empty()) {
      ASSERT_EQ(timers.next_deadline_us(), model.begin()->first);
    }
  }
}

TEST(Timers, OneThatStartsAnotherForNowDoesNotRunItInTheSameTurn) {
  Timers timers;
  int count = 0;
  timers.start(0, [&] {
    ++count;
    timers.start(0, [&] { ++count; });
  });
  EXPECT_EQ(timers.run_due(5), 1u);
  EXPECT_EQ(timers.run_due(5), 1u);
  EXPECT_EQ(count, 2);
  EXPECT_FALSE(timers.next_deadline_us());
}

}  // namespace
}  // namespace holdfast::platform
