// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/crypto_openssl/openssl_provider.h"
#include "service/logon/ntlm_mechanism.h"
#include "service/server/server.h"
#include "sim/client/client.h"
#include "sim/vfs/memory_vfs.h"
#include "sim/world/executor.h"
#include "sim/world/network.h"

namespace holdfast::sim {

class QuietSink final : public EventSink {
 public:
  explicit QuietSink(World& world) : world_(world) {}
  void emit(const Event& event) override;

 private:
  World& world_;
};

/// Users alice, bob and mallory, who all have the password of ClientOptions.
std::unique_ptr<ports::Authenticator> make_sim_authenticator(ports::Clock& clock,
                                                             ports::Random& random);
/// A dialect with signing or sealing, chosen by the seed.
ClientOptions some_client_options(Rng& rng, const std::string& name);

/// The real server in a world of its own, and its clients.
class Scene {
 public:
  explicit Scene(std::uint64_t seed, core::Policy policy = {});
  ~Scene();
  Scene(const Scene&) = delete;

  World& world() { return world_; }
  Rng& rng() { return rng_; }
  SimNetwork& network() { return network_; }
  MemoryVfs& vfs() { return *vfs_; }
  service::Server& server() { return *server_; }
  Counters& counters() { return counters_; }
  SimClock& clock() { return clock_; }

  /// A client on a loop of its own. The scene keeps it to the end.
  Client& add_client(ClientOptions options);
  /// A dialect with signing or sealing, chosen by the seed.
  ClientOptions some_options(const std::string& name) { return some_client_options(rng_, name); }

  /// Starts a story; all must have ended when nothing is left to happen.
  void start(Task<void> story);

  /// Runs until nothing is left to happen. Fails the world when that takes longer than limit_us.
  void run(std::uint64_t limit_us = 4'000'000'000);
  /// After all clients have gone: nothing of them is left in the server.
  void expect_nothing_left();

 private:
  Task<void> tell(Task<void> story);

  World world_;
  Rng rng_;
  SimClock clock_;
  SimRandom random_;
  QuietSink events_;
  platform::OpenSslProvider crypto_;
  Counters counters_;
  std::vector<std::unique_ptr<SimExecutor>> server_loops_;
  std::vector<std::unique_ptr<SimExecutor>> client_loops_;
  SimNetwork network_;
  std::shared_ptr<MemoryVfs> vfs_;
  std::unique_ptr<ports::Authenticator> authenticator_;
  std::unique_ptr<service::Server> server_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t running_ = 0;
};

}  // namespace holdfast::sim
