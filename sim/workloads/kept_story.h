// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "sim/workloads/kept_client.h"

namespace holdfast::sim {

/// A story of one client that keeps its handles, on one machine whose server runs; afterwards
/// nothing of it is left. For tests.
inline void tell_of_one_client(std::uint64_t seed,
                               const std::function<Task<void>(Cluster&, KeptClient&)>& story) {
  Cluster cluster(seed, {});
  cluster.add_machine();
  cluster.start_server(0);
  ClientOptions options = some_client_options(cluster.rng(), "client");
  options.dialects = {wire::smb2::Dialect::kSmb311};
  KeptClient kept(cluster, cluster.add_client(options));
  cluster.start(story(cluster, kept));
  cluster.run();
  cluster.expect_nothing_left();
  EXPECT_FALSE(cluster.failed()) << cluster.world().failure();
}

}  // namespace holdfast::sim
