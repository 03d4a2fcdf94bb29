// SPDX-License-Identifier: Apache-2.0
#include "service/failover/restore.h"

#include <gtest/gtest.h>

#include "base/failover_limits.h"

namespace holdfast::service {
namespace {

TEST(TimeToComeBack, IsLongerForWhoIsNotTold) {
  core::OpenRecord record;
  record.durable_timeout_ms = limits::kDurableTimeout_ms;
  EXPECT_EQ(time_to_come_back_ms(record, true), limits::kDurableTimeout_ms);
  EXPECT_EQ(time_to_come_back_ms(record, false), limits::kUntoldTimeout_ms);
  EXPECT_GT(limits::kUntoldTimeout_ms, 180'000u) << "what a Linux client needs to notice";
}

TEST(TimeToComeBack, IsWhatTheClientAskedFor) {
  core::OpenRecord record;
  record.durable_timeout_ms = 20'000;
  EXPECT_EQ(time_to_come_back_ms(record, false), 20'000u);
  record.resilient = true;
  record.resilient_timeout_ms = 30'000;
  EXPECT_EQ(time_to_come_back_ms(record, true), 30'000u);
}

}  // namespace
}  // namespace holdfast::service
