// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/workloads/workload.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define HF_LEAK_CHECK 1
#endif
#endif

namespace holdfast::sim {
namespace {

/// What the first of some seeds that fails says; empty when none does.
std::string first_failure(const char* workload, const Plants& plants, std::uint64_t seeds = 30) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    options.plants = plants;
    RunResult result = run_workload(*find_workload(workload), options);
    if (!result.passed) return result.failure;
  }
  return {};
}

/// The same with a planted bug. A run that is given up leaves its suspended coroutines behind; that
/// is no leak of the server's.
std::string planted(const char* workload, const Plants& plants) {
#ifdef HF_LEAK_CHECK
  __lsan::ScopedDisabler not_here;
#endif
  return first_failure(workload, plants);
}

TEST(Plants, WithoutAnyEveryStoryPasses) {
  for (const Workload& workload : workloads())
    EXPECT_EQ(first_failure(workload.name, {}, 3), "") << workload.name;
}

TEST(Plants, ARunIsTheSameTwice) {
  for (const Workload& workload : workloads()) {
    RunOptions options;
    options.seed = 7;
    RunResult once = run_workload(workload, options);
    RunResult again = run_workload(workload, options);
    EXPECT_EQ(once.trace_hash, again.trace_hash) << workload.name;
    EXPECT_EQ(once.events, again.events) << workload.name;
    options.seed = 8;
    EXPECT_NE(once.trace_hash, run_workload(workload, options).trace_hash) << workload.name;
  }
}

TEST(Plants, ALostOctetIsFound) {
  Plants plants;
  plants.disk.lose_octet_one_in = 50;
  EXPECT_NE(planted("files", plants), "");
}

TEST(Plants, AStaleReadIsFound) {
  Plants plants;
  plants.disk.stale_read_one_in = 20;
  EXPECT_NE(planted("files", plants), "");
}

TEST(Plants, AForgottenRemovalIsFound) {
  Plants plants;
  plants.disk.forget_remove_one_in = 3;
  EXPECT_NE(planted("files", plants), "");
}

TEST(Plants, LocksAndShareModesThatAreIgnoredAreFound) {
  Plants plants;
  plants.disk.keys_differ = true;
  EXPECT_NE(planted("shared", plants), "");
}

TEST(Plants, AChangeThatNobodyHearsOfIsFound) {
  Plants plants;
  plants.disk.forget_local_change_one_in = 10;
  EXPECT_NE(planted("notify", plants), "");
}

TEST(Plants, AKeptOpenThatNobodyMindsIsFound) {
  Plants plants;
  plants.disk.keys_differ = true;
  EXPECT_NE(planted("durable", plants), "");
}

TEST(Plants, AnAcknowledgedWriteThatIsLostIsFoundAfterAReclaim) {
  Plants plants;
  plants.disk.lose_octet_one_in = 50;
  EXPECT_NE(planted("durable", plants), "");
}

TEST(Plants, AnAnswerBeforeTheCommitIsFound) {
  Plants plants;
  plants.volume.answer_before_commit = true;
  EXPECT_NE(planted("failover-loop", plants), "");
}

TEST(Plants, LocksThatDoNotComeBackAreFound) {
  Plants plants;
  plants.volume.forget_locks = true;
  EXPECT_NE(planted("failover-loop", plants), "");
  EXPECT_NE(planted("failover-replay", plants), "");
}

TEST(Plants, AHandleThatComesBackAfterItsCloseIsFound) {
  Plants plants;
  plants.volume.keep_records = true;
  EXPECT_NE(planted("failover-loop", plants), "");
}

TEST(Plants, AServerThatDoesNotMindTheEpochIsFound) {
  Plants plants;
  plants.volume.ignore_epoch = true;
  EXPECT_NE(planted("failover-fencing", plants), "");
}

TEST(Plants, AnAcknowledgedWriteThatIsNotSyncedIsFound) {
  Plants plants;
  plants.disk.never_sync = true;
  EXPECT_NE(planted("failover-loop", plants), "");
}

TEST(Plants, ADeletedFileThatComesBackIsFound) {
  Plants plants;
  plants.disk.never_sync_removals = true;
  EXPECT_NE(planted("failover-replay", plants), "");
}

TEST(Plants, AKeptHandleIsFound) {
  Plants plants;
  plants.disk.keep_handles = true;
  EXPECT_NE(planted("basic", plants), "");
}

TEST(Plants, ADroppedAnswerIsFound) {
  Plants plants;
  plants.network.drop_frame_one_in = 40;
  EXPECT_NE(planted("files", plants), "");
}

TEST(Plants, ARepeatedAnswerIsFound) {
  Plants plants;
  plants.network.repeat_frame_one_in = 40;
  EXPECT_NE(planted("files", plants), "");
}

TEST(Plants, AFlippedBitIsFound) {
  Plants plants;
  plants.network.flip_bit_one_in = 40;
  EXPECT_NE(planted("files", plants), "");
}

}  // namespace
}  // namespace holdfast::sim
