// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/workload.h"

namespace holdfast::sim {

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> list = {
      {"basic", "one client creates, writes, reads back and closes", run_basic, 1},
      {"files", "two clients work in directories of their own", run_files, 8},
      {"shared", "two clients share files by locks and share modes", run_shared, 8},
      {"notify", "names come and go before a watcher; it must hear of all or be told to look",
       run_notify, 8},
      {"leases", "clients keep data and handles to themselves; nobody ever sees stale data",
       run_leases, 8},
      {"chaos", "connections are lost at any moment; nothing may stay behind", run_chaos, 8},
      {"durable", "clients lose connections and get their handles back, with locks and data",
       run_durable, 8},
      {"multichannel", "channels of a session are lost one by one; the session works on",
       run_multichannel, 8},
      {"replay", "what was under way on a lost channel is sent again, and is done once", run_replay,
       8},
      {"locks", "clients count under locks in files that they keep in memory", run_locks, 8},
      {"hostile", "one client sends spoiled requests; the other works on undisturbed", run_hostile,
       4},
      {"truncations", "each request cut at every length; the other client works on",
       run_truncations, 1},
      {"failover-loop", "the server is killed again and again; clients get all their handles back",
       nullptr, 8, loop_cluster, run_failover_loop},
      {"failover-replay", "what was under way when the server died is sent again, and is done once",
       nullptr, 8, loop_cluster, run_failover_replay},
      {"failover-fencing", "a server that loses disk, network or time; never two touch the volume",
       nullptr, 6, two_machine_cluster, run_failover_fencing},
      {"failover-partition",
       "clients are cut off from some servers, and the volume moves meanwhile", nullptr, 6,
       two_machine_cluster, run_failover_partition},
  };
  return list;
}

const Workload* find_workload(std::string_view name) {
  for (const Workload& w : workloads())
    if (name == w.name) return &w;
  return nullptr;
}

bool is_named(const Workload& workload, std::string_view name) {
  std::string_view own = workload.name;
  return own == name || (own.starts_with(name) && own.substr(name.size()).starts_with("-"));
}

namespace {

RunResult result_of(World& world, const Counters& counters) {
  RunResult result;
  result.passed = !world.failed();
  if (!result.passed) {
    result.failure = world.failure();
    result.last_trace = world.last_trace(60);
  }
  result.trace_hash = world.trace_hash();
  result.events = world.events();
  result.virtual_us = world.now_us();
  result.counters = counters;
  return result;
}

RunResult run_on_cluster(const Workload& workload, const RunOptions& options) {
  Rng rng(options.seed, 6);
  Cluster cluster(options.seed, workload.cluster(rng));
  cluster.world().set_verbose(options.verbose);
  cluster.vfs().plants() = options.plants.disk;
  cluster.network().plants() = options.plants.network;
  cluster.volume().plants() = options.plants.volume;
  workload.run_on(cluster, options);
  return result_of(cluster.world(), cluster.counters());
}

}  // namespace

RunResult run_workload(const Workload& workload, const RunOptions& options) {
  if (workload.run_on != nullptr) return run_on_cluster(workload, options);
  Scene scene(options.seed);
  scene.world().set_verbose(options.verbose);
  scene.vfs().plants() = options.plants.disk;
  scene.network().plants() = options.plants.network;
  workload.run(scene, options);
  scene.vfs().drop_kept();
  return result_of(scene.world(), scene.counters());
}

}  // namespace holdfast::sim
