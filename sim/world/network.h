// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "ports/stream.h"
#include "sim/world/executor.h"

namespace holdfast::sim {

class SimStream;

/// How the network behaves; may be changed while it runs.
struct NetworkConditions {
  std::uint64_t latency_min_us = 20;
  std::uint64_t latency_max_us = 400;
  /// Octets that are under way in one direction, the peer's unread ones included.
  std::size_t window = 256u << 10;
  /// Of 1000 pieces, how many are cut to a few octets.
  std::uint64_t tiny_pieces_per_mille = 30;
  /// Of 1000 deliveries, how many are put into a buffer of the loop although the handler offers
  /// one.
  std::uint64_t ignore_target_per_mille = 200;
};

/// Faults that no network has, to see that the oracles find them. 0 = never.
struct NetworkPlants {
  std::uint64_t drop_frame_one_in = 0;
  std::uint64_t repeat_frame_one_in = 0;
  std::uint64_t flip_bit_one_in = 0;
};

/// How the process on the other side of a connection ended.
enum class ProcessEnd : std::uint8_t {
  /// The kernel closes its sockets: some of what was sent goes out, then comes the end or a reset.
  kKilled,
  /// The machine is off: nothing comes any more, and the other side notices when it wants to send.
  kPowerLost,
};

/// TCP between loops: octets arrive in order, late, and in pieces of any size.
class SimNetwork final : public Connector {
 public:
  explicit SimNetwork(World& world);
  ~SimNetwork() override;
  SimNetwork(const SimNetwork&) = delete;

  NetworkConditions& conditions() { return conditions_; }
  NetworkPlants& plants() { return plants_; }
  /// Where connections arrive; the loop is chosen by the seed.
  void listen(std::vector<SimExecutor*> loops, ports::AcceptHandler accept) {
    listen(0, std::move(loops), std::move(accept));
  }
  /// The same with several machines: `host` is one of them.
  void listen(std::size_t host, std::vector<SimExecutor*> loops, ports::AcceptHandler accept);
  /// Nobody listens there any more.
  void stop_listening(std::size_t host);
  /// Chooses a host for the connection of that client (its loop's index), by the seed; nullopt:
  /// none can be reached. By default all go to host 0.
  std::function<std::optional<std::size_t>(unsigned client)> route;
  /// Whether octets go between them; nullptr: always.
  std::function<bool(unsigned client, std::size_t host)> reaches;
  /// What has been cut off by `reaches` breaks its connections; both sides notice after a while.
  void partition_changed();
  /// The process that has these loops is gone. Before: take its streams; then let the process end;
  /// then call this.
  std::vector<std::shared_ptr<SimStream>> streams_of(const Process& process);
  void process_ended(const std::vector<std::shared_ptr<SimStream>>& streams, ProcessEnd how);
  /// A connection from a client's loop, a SimExecutor. The server learns of it after a latency.
  std::shared_ptr<ports::Stream> connect(ports::Executor& loop, ports::Endpoint from) override;

  /// Both sides are told of a reset, each at a time of its own; what is under way is lost.
  void reset(ports::Stream& stream);
  /// The side of `stream` is reset and the other hears nothing at all, until its keep-alive gives
  /// up.
  void half_open(ports::Stream& stream, std::uint64_t keep_alive_us);
  /// Connections of which a side has not been told the end.
  std::size_t open_sides() const { return open_sides_; }

 private:
  friend class SimStream;
  World& world_;
  Rng rng_;
  NetworkConditions conditions_;
  NetworkPlants plants_;
  void arrived(std::size_t host, const std::shared_ptr<SimStream>& server,
               const std::shared_ptr<SimStream>& client);

  struct Listener {
    std::vector<SimExecutor*> loops;
    ports::AcceptHandler accept;
  };
  std::vector<Listener> hosts_;
  /// Of servers, where several hosts or processes are.
  std::vector<std::weak_ptr<SimStream>> servers_;
  /// All that have not ended, and some that have.
  std::vector<std::weak_ptr<SimStream>> streams_;
  std::size_t next_sweep_ = 64;
  void remember(const std::shared_ptr<SimStream>& stream);
  std::size_t open_sides_ = 0;
  std::uint64_t next_connection_ = 1;
};

}  // namespace holdfast::sim
