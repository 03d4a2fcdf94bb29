// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "platform/crypto_openssl/openssl_provider.h"
#include "service/failover/failover.h"
#include "service/server/server.h"
#include "sim/client/client.h"
#include "sim/store/virtual_volume.h"
#include "sim/vfs/memory_vfs.h"
#include "sim/workloads/scene.h"
#include "sim/world/executor.h"
#include "sim/world/network.h"

namespace holdfast::sim {

struct ClusterOptions {
  /// Time of an epoch, and whether only one machine can have the volume mounted.
  std::uint32_t lease_ms = 10'000;
  bool exclusive_mount = true;
};

/// Machines that share a volume, and clients. On each machine the real server may be started, with
/// its share "kept", whose handles outlive it; and may be killed, stopped for a while, cut off from
/// the network, or lose its power.
class Cluster {
 public:
  Cluster(std::uint64_t seed, ClusterOptions options);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  World& world() { return world_; }
  Rng& rng() { return rng_; }
  SimNetwork& network() { return network_; }
  MemoryVfs& vfs() { return *vfs_; }
  VirtualVolume& volume() { return volume_; }
  Counters& counters() { return counters_; }
  void count(const char* what) { ++counters_.named[what]; }
  bool failed() const { return world_.failed(); }
  bool disk_was_cut_off() const { return disk_was_cut_off_; }
  /// What a volume's next server finds: its record and store fail now and then. Once said, it holds
  /// for the story: what was asked for may be answered with an error.
  void set_store_faults(const VolumeFaults& faults);
  bool store_fails() const { return store_fails_; }
  /// Somebody has lost power: what was removed and not synced may be back.
  bool power_was_lost() const { return power_losses_ != 0; }

  std::size_t add_machine();
  /// A new server process on that machine, which has none.
  void start_server(std::size_t machine);
  bool is_up(std::size_t machine) const { return machines_[machine].instance != nullptr; }
  /// Whether it serves the volume.
  bool serves(std::size_t machine) const;
  /// nullptr: none.
  service::Server* server(std::size_t machine);
  void kill(std::size_t machine, ProcessEnd how);
  /// As SIGTERM does: returns when the process has ended.
  Task<void> stop(std::size_t machine);
  void freeze(std::size_t machine, std::uint64_t us);
  /// How long what blocks takes on that machine.
  void set_blocking(std::size_t machine, BlockingTimes times);
  /// Whether the machine is on the clients' network.
  void connect_machine(std::size_t machine, bool connected);
  /// Whether it reaches the volume; what it wants to change there fails meanwhile.
  void connect_disk(std::size_t machine, bool connected);
  /// Whether one client (the n-th) reaches one machine.
  void connect_client(std::size_t client, std::size_t machine, bool connected);

  /// A client on a loop of its own.
  Client& add_client(ClientOptions options);
  ports::Executor& fate_loop() { return *fate_loop_; }
  std::size_t clients() const { return clients_.size(); }

  /// Starts a story; all must have ended when nothing is left to happen.
  void start(Task<void> story);
  std::size_t running() const { return running_; }
  void run(std::uint64_t limit_us = 4'000'000'000);
  /// After all clients have gone, with one server up: nothing of them is left, in it or on the
  /// disk.
  void expect_nothing_left();

 private:
  struct Instance;
  struct Machine {
    std::string name;
    Guid boot;
    SimClock* clock = nullptr;
    std::unique_ptr<Instance> instance;
    bool connected = true;
  };
  Task<void> tell(Task<void> story);
  /// What is there of clients; empty: nothing.
  std::string left();
  void boot(Machine& machine);
  void end(std::size_t machine, ProcessEnd how);
  std::optional<std::size_t> route(unsigned client);
  bool reaches(unsigned client, std::size_t machine) const;
  service::Settings settings_of(std::shared_ptr<service::ServedVolume> volume) const;

  World world_;
  Rng rng_;
  ClusterOptions options_;
  std::deque<SimClock> clocks_;
  SimRandom random_;
  QuietSink events_;
  platform::OpenSslProvider crypto_;
  Counters counters_;
  Guid server_guid_;
  SimNetwork network_;
  std::shared_ptr<MemoryVfs> vfs_;
  VirtualVolume volume_;
  std::vector<Machine> machines_;
  std::uint64_t processes_ = 1;
  std::uint64_t power_losses_ = 0;
  bool disk_was_cut_off_ = false;
  bool store_fails_ = false;
  /// Kept: events of the world know them.
  std::vector<std::unique_ptr<Process>> ended_;
  std::vector<std::unique_ptr<SimExecutor>> ended_loops_;

  /// All that is no server.
  Process outside_{"outside", 0};
  std::unique_ptr<SimExecutor> fate_loop_;
  std::vector<std::unique_ptr<SimExecutor>> client_loops_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::pair<unsigned, std::size_t>> blocked_;
  std::size_t running_ = 0;
};

}  // namespace holdfast::sim
