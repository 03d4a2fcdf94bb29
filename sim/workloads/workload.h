// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/workloads/cluster.h"
#include "sim/workloads/scene.h"

namespace holdfast::sim {

/// Bugs that are put into the world to see that the oracles find them.
struct Plants {
  DiskPlants disk;
  NetworkPlants network;
  /// Of stories with a cluster.
  VolumePlants volume;
};

struct RunOptions {
  std::uint64_t seed = 1;
  /// For `hostile`: mutations of each recorded request.
  std::uint64_t mutations = 20;
  Plants plants;
  /// Writes what happens, if set.
  std::FILE* verbose = nullptr;
};

struct RunResult {
  bool passed = false;
  std::string failure;
  std::string last_trace;
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
  std::uint64_t virtual_us = 0;
  Counters counters;
};

/// One kind of story. It sets the scene in motion, runs it, and judges what is left.
struct Workload {
  const char* name;
  const char* what;
  void (*run)(Scene& scene, const RunOptions& options);
  /// Its share of the seeds, when several stories run.
  unsigned weight = 8;
  /// Of a story with a cluster, instead of run: what cluster, and the story.
  ClusterOptions (*cluster)(Rng& rng) = nullptr;
  void (*run_on)(Cluster& cluster, const RunOptions& options) = nullptr;
};

const std::vector<Workload>& workloads();
const Workload* find_workload(std::string_view name);
/// Whether a name of a story, or of a family of them ("failover"), means this one.
bool is_named(const Workload& workload, std::string_view name);
RunResult run_workload(const Workload& workload, const RunOptions& options);

void run_basic(Scene& scene, const RunOptions& options);
void run_files(Scene& scene, const RunOptions& options);
void run_shared(Scene& scene, const RunOptions& options);
void run_notify(Scene& scene, const RunOptions& options);
void run_leases(Scene& scene, const RunOptions& options);
void run_chaos(Scene& scene, const RunOptions& options);
void run_durable(Scene& scene, const RunOptions& options);
void run_multichannel(Scene& scene, const RunOptions& options);
void run_replay(Scene& scene, const RunOptions& options);
void run_locks(Scene& scene, const RunOptions& options);
void run_hostile(Scene& scene, const RunOptions& options);
void run_truncations(Scene& scene, const RunOptions& options);
ClusterOptions loop_cluster(Rng& rng);
ClusterOptions two_machine_cluster(Rng& rng);
void run_failover_loop(Cluster& cluster, const RunOptions& options);
void run_failover_replay(Cluster& cluster, const RunOptions& options);
void run_failover_fencing(Cluster& cluster, const RunOptions& options);
void run_failover_partition(Cluster& cluster, const RunOptions& options);

}  // namespace holdfast::sim
