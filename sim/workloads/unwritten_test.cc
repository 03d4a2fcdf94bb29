// SPDX-License-Identifier: Apache-2.0
// A client that has its handle back is asked for what it has not written, when it is at rest.
#include <gtest/gtest.h>

#include "sim/workloads/kept_client.h"

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
  Cluster cluster(seed, {});
  cluster.add_machine();
  cluster.start_server(0);
  ClientOptions options = some_client_options(cluster.rng(), "client");
  options.dialects = {smb2::Dialect::kSmb311};
  KeptClient kept(cluster, cluster.add_client(options));
  Seen seen;
  cluster.start(story(cluster, kept, seen));
  cluster.run();
  cluster.expect_nothing_left();
  EXPECT_FALSE(cluster.failed()) << cluster.world().failure();
  return seen;
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

}  // namespace
}  // namespace holdfast::sim
