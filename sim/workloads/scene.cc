// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/scene.h"

#include "service/logon/ntlm_crypto.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;

namespace {

constexpr unsigned kServerLoops = 3;
const Sid kMachine(5, {21, 11, 22, 33});

std::shared_ptr<const service::UserDatabase> users() {
  std::vector<service::UserRecord> list;
  std::uint32_t rid = service::kFirstUserRid;
  for (const char* name : {"alice", "bob", "mallory"}) {
    service::UserRecord user;
    user.name = name;
    user.nt_hash = service::nt_hash("correct horse");
    user.rid = rid++;
    list.push_back(user);
  }
  return std::make_shared<service::StaticUserDatabase>(kMachine, std::move(list));
}

service::Settings settings_of(core::Policy policy, std::shared_ptr<ports::Vfs> vfs) {
  service::Settings settings;
  settings.policy = std::move(policy);
  core::Share data;
  data.name = "data";
  data.location = "/sim";
  data.vfs = std::move(vfs);
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(data)));
  core::Share kept;
  kept.name = "kept";
  kept.location = "/sim";
  kept.vfs = settings.shares.front()->vfs;
  kept.continuous_availability = true;
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(kept)));
  settings.policy.persistent_handles = true;
  core::Share ipc;
  ipc.name = "IPC$";
  ipc.type = core::ShareType::kPipe;
  ipc.hidden = true;
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(ipc)));
  return settings;
}

}  // namespace

std::unique_ptr<ports::Authenticator> make_sim_authenticator(ports::Clock& clock,
                                                             ports::Random& random) {
  static const std::shared_ptr<const service::UserDatabase> kUsers = users();
  return service::make_ntlm_authenticator({}, kUsers, nullptr, clock, random);
}

void QuietSink::emit(const Event& event) {
  if (world_.verbose()) world_.note("server: " + event.message);
}

Scene::Scene(std::uint64_t seed, core::Policy policy)
    : world_(seed),
      rng_(seed, 4),
      clock_(world_),
      random_(seed, 5),
      events_(world_),
      network_(world_),
      vfs_(std::make_shared<MemoryVfs>(world_, clock_)) {
  std::vector<SimExecutor*> loops;
  for (unsigned i = 0; i < kServerLoops; ++i) {
    server_loops_.push_back(std::make_unique<SimExecutor>(world_, clock_, i));
    loops.push_back(server_loops_.back().get());
  }
  random_.fill(policy.server_guid.octets);
  authenticator_ = make_sim_authenticator(clock_, random_);
  server_ = std::make_unique<service::Server>(
      service::Environment{random_, clock_, crypto_, *authenticator_, events_},
      settings_of(std::move(policy), vfs_));
  network_.listen(std::move(loops),
                  [this](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
                    server_->accept(loop, std::move(stream));
                  });
}

Scene::~Scene() = default;

Client& Scene::add_client(ClientOptions options) {
  client_loops_.push_back(std::make_unique<SimExecutor>(
      world_, clock_, 50 + static_cast<unsigned>(client_loops_.size())));
  clients_.push_back(std::make_unique<Client>(
      ClientWorld{world_, *client_loops_.back(), network_, crypto_, counters_},
      std::move(options)));
  return *clients_.back();
}

ClientOptions some_client_options(Rng& rng, const std::string& name) {
  constexpr std::uint16_t kDialects[] = {smb2::Dialect::kSmb202, smb2::Dialect::kSmb210,
                                         smb2::Dialect::kSmb300, smb2::Dialect::kSmb302,
                                         smb2::Dialect::kSmb311};
  ClientOptions options;
  options.name = name;
  std::size_t newest = rng.one_in(2) ? 4 : rng.below(5);
  options.dialects.clear();
  std::size_t oldest = rng.one_in(2) ? newest : rng.below(newest + 1);
  for (std::size_t i = oldest; i <= newest; ++i) options.dialects.push_back(kDialects[i]);
  if (rng.one_in(2))
    options.ciphers = {static_cast<smb2::Cipher>(rng.between(1, 4)), smb2::Cipher::kAes128Gcm};
  if (rng.one_in(2)) options.signing = {static_cast<smb2::SigningAlgorithm>(rng.below(3))};
  options.seal = rng.one_in(2);
  if (rng.one_in(2)) {
    using smb2::CompressionAlgorithm;
    constexpr CompressionAlgorithm kLz[] = {
        CompressionAlgorithm::kLznt1, CompressionAlgorithm::kLz77,
        CompressionAlgorithm::kLz77Huffman, CompressionAlgorithm::kLz4};
    options.compression = {kLz[rng.below(4)], CompressionAlgorithm::kPatternV1};
    options.chained_compression = rng.one_in(2);
  }
  return options;
}

Task<void> Scene::tell(Task<void> story) {
  ++running_;
  co_await story;
  --running_;
}

void Scene::start(Task<void> story) { spawn(tell(std::move(story))); }

void Scene::run(std::uint64_t limit_us) {
  bool quiet = world_.run(limit_us);
  if (!quiet && !world_.failed())
    world_.fail("still not at rest after " + std::to_string(limit_us / 1'000'000) + " s");
  if (running_ == 0 || world_.failed()) return;
  std::string who;
  for (const auto& client : clients_)
    if (client->in_flight() != 0)
      who += ", " + client->options().name + " waits for " + std::to_string(client->in_flight()) +
             " answers";
  world_.fail(std::to_string(running_) + " stories never end" + who);
}

void Scene::expect_nothing_left() {
  if (world_.failed()) return;
  auto none = [this](std::uint64_t count, const char* what) {
    if (count != 0)
      world_.fail(std::to_string(count) + " " + what + " left after all clients have gone");
  };
  none(server_->counters().connections.load(), "connections");
  none(server_->sessions().size(), "sessions");
  none(server_->opens().size(), "opens");
  none(server_->create_replays().size(), "CREATEs to be recognized");
  none(server_->waits().size(), "waits");
  none(server_->notifications().idle() ? 0 : 1, "watched directories");
  none(network_.open_sides(), "sides of connections");
  none(vfs_->open_files(), "open files");
  for (const auto& loop : server_loops_) none(loop->timers(), "timers");
}

}  // namespace holdfast::sim
