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
  };
  return list;
}

const Workload* find_workload(std::string_view name) {
  for (const Workload& w : workloads())
    if (name == w.name) return &w;
  return nullptr;
}

RunResult run_workload(const Workload& workload, const RunOptions& options) {
  Scene scene(options.seed);
  scene.world().set_verbose(options.verbose);
  scene.vfs().plants() = options.plants.disk;
  scene.network().plants() = options.plants.network;
  workload.run(scene, options);
  scene.vfs().drop_kept();
  RunResult result;
  result.passed = !scene.world().failed();
  if (!result.passed) {
    result.failure = scene.world().failure();
    result.last_trace = scene.world().last_trace(60);
  }
  result.trace_hash = scene.world().trace_hash();
  result.events = scene.world().events();
  result.virtual_us = scene.world().now_us();
  result.counters = scene.counters();
  return result;
}

}  // namespace holdfast::sim
