// SPDX-License-Identifier: Apache-2.0
// What a client has not written when its server goes: it is asked for it when it has its handle
// back and is at rest, and what it sends again is taken.
#include <gtest/gtest.h>

#include "sim/workloads/kept_story.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using namespace wire::smb2::LeaseState;

constexpr std::uint32_t kAllCaching = kReadCaching | kWriteCaching | kHandleCaching;

struct Seen {
  std::uint32_t while_it_wrote = 0, at_rest = 0, later = 0;
  std::uint64_t breaks = 0;
};

Task<void> story(Cluster& cluster, KeptClient& kept, Seen& seen) {
  EXPECT_TRUE(co_await kept.come_back());
  KeptFile& file = kept.files().emplace_back();
  file.path = "file";
  file.lease.octets[0] = 1;
  KeptOpen* open = co_await kept.open(file, smb2::CreateDisposition::kCreate);
  EXPECT_EQ(file.lease_state, kAllCaching);
  cluster.kill(0, ProcessEnd::kKilled);
  cluster.start_server(0);
  EXPECT_TRUE(co_await kept.come_back());
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_TRUE(co_await kept.write(*open, i % KeptFile::kBlocks));
    co_await ports::sleep_for(kept.loop(), 50'000);
  }
  seen.while_it_wrote = file.lease_state;
  co_await ports::sleep_for(kept.loop(), 700'000);
  seen.at_rest = file.lease_state;
  EXPECT_TRUE(co_await kept.write(*open, 0));
  co_await ports::sleep_for(kept.loop(), 2'000'000);
  seen.later = file.lease_state;
  seen.breaks = file.breaks;
  EXPECT_TRUE(co_await kept.finish(file));
  co_await kept.leave();
}

Seen seen_with(std::uint64_t seed) {
  Seen seen;
  tell_of_one_client(
      seed, [&](Cluster& cluster, KeptClient& kept) { return story(cluster, kept, seen); });
  return seen;
}

/// 128 KiB with the credits of 64, before and after the handle was given back.
Task<void> charge_story(Cluster& cluster, KeptClient& kept, NtStatus& before, NtStatus& after) {
  EXPECT_TRUE(co_await kept.come_back());
  KeptFile& file = kept.files().emplace_back();
  file.path = "file";
  KeptOpen* open = co_await kept.open(file, smb2::CreateDisposition::kCreate);
  auto write = [&] {
    Part part = write_part(open->id, 1 << 20, ByteVec(128 << 10));
    part.payload = 0;
    return part;
  };
  before = (co_await kept.until_answered(write)).status;
  cluster.kill(0, ProcessEnd::kKilled);
  cluster.start_server(0);
  EXPECT_TRUE(co_await kept.come_back());
  after = (co_await kept.until_answered(write)).status;
  EXPECT_TRUE(co_await kept.finish(file));
  co_await kept.leave();
}

TEST(Unwritten, IsAskedForOnceWhenTheClientIsAtRest) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Seen seen = seen_with(seed);
    EXPECT_EQ(seen.while_it_wrote, kAllCaching) << seed;
    EXPECT_EQ(seen.at_rest, kReadCaching | kHandleCaching) << seed;
    EXPECT_EQ(seen.later, kReadCaching | kHandleCaching) << seed;
    EXPECT_EQ(seen.breaks, 2u) << seed << ": told once, acknowledged once";
  }
}

// docs/decisions/0008-a-write-that-is-sent-again-needs-no-credits.md
TEST(Unwritten, IsTakenWithTooFewCreditsFromWhoHasItsHandleBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    NtStatus before{}, after{};
    tell_of_one_client(seed, [&](Cluster& cluster, KeptClient& kept) {
      return charge_story(cluster, kept, before, after);
    });
    EXPECT_EQ(before, NtStatus::kInvalidParameter) << seed;
    EXPECT_EQ(after, NtStatus::kSuccess) << seed;
  }
}

}  // namespace
}  // namespace holdfast::sim
