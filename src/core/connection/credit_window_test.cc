// SPDX-License-Identifier: Apache-2.0
#include "core/connection/credit_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace holdfast::core {
namespace {

TEST(CreditWindow, BeginsWithOneCredit) {
  CreditWindow w;
  EXPECT_FALSE(w.consume(1, 1));
  EXPECT_TRUE(w.consume(0, 1));
  EXPECT_FALSE(w.consume(0, 1));
  EXPECT_EQ(w.grant(10), 10);
  EXPECT_TRUE(w.consume(10, 1));
  EXPECT_FALSE(w.consume(11, 1));
  EXPECT_TRUE(w.consume(1, 9));
}

TEST(CreditWindow, NeverLeavesAClientWithoutCredit) {
  CreditWindow w;
  EXPECT_TRUE(w.consume(0, 0));
  EXPECT_EQ(w.grant(0), 1);
}

TEST(CreditWindow, AnUnusedIdDoesNotLetTheWindowGrow) {
  CreditWindow w(16);
  ASSERT_TRUE(w.consume(0, 1));
  w.grant(16);
  std::uint64_t id = 2;  // id 1 is never used
  while (w.consume(id, 1)) {
    w.grant(16);
    ++id;
  }
  EXPECT_LE(w.end() - w.begin(), 32u);
  EXPECT_TRUE(w.consume(1, 1));
}

TEST(CreditWindow, AgreesWithASetOfIds) {
  std::mt19937 random(7);
  CreditWindow w(64);
  std::set<std::uint64_t> granted = {0};
  for (int i = 0; i < 20'000; ++i) {
    std::uint64_t id = w.begin() + random() % 80;
    std::uint16_t charge = 1 + random() % 4;
    bool expected = true;
    for (std::uint64_t j = id; j < id + charge; ++j) expected &= granted.contains(j);
    ASSERT_EQ(w.consume(id, charge), expected);
    if (expected)
      for (std::uint64_t j = id; j < id + charge; ++j) granted.erase(j);
    std::uint64_t end = w.end();
    std::uint16_t count = w.grant(random() % 6);
    for (std::uint64_t j = end; j < end + count; ++j) granted.insert(j);
    ASSERT_EQ(w.outstanding(), granted.size());
    ASSERT_LE(granted.size(), 64u);
  }
}

TEST(CreditWindow, GoesOnInAnotherBinary) {
  CreditWindow old;
  ASSERT_TRUE(old.consume(0, 1));
  (void)old.grant(200);
  for (std::uint64_t id : {1, 2, 5, 9}) ASSERT_TRUE(old.consume(id, 1));
  CreditWindow next;
  ASSERT_TRUE(next.restore(old.begin(), old.end(), old.outstanding(), old.used()));
  EXPECT_EQ(next.begin(), old.begin());
  EXPECT_EQ(next.end(), old.end());
  EXPECT_EQ(next.outstanding(), old.outstanding());
  EXPECT_FALSE(next.consume(5, 1));
  EXPECT_FALSE(next.consume(old.end(), 1));
  EXPECT_TRUE(next.consume(3, 2));
  EXPECT_EQ(next.begin(), 6u);
}

TEST(CreditWindow, IsNotRestoredToWhatNoneCanBe) {
  CreditWindow window;
  EXPECT_FALSE(window.restore(5, 4, 0, {}));
  EXPECT_FALSE(window.restore(0, 1u << 30, 1, {}));
  EXPECT_FALSE(window.restore(0, 10, 11, {}));
  EXPECT_FALSE(window.restore(0, 10, 5, {10}));
  EXPECT_TRUE(window.consume(0, 1));
}

}  // namespace
}  // namespace holdfast::core
