// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/cluster.h"

#include <algorithm>

#include "core/failover/records.h"

namespace holdfast::sim {

namespace {
constexpr unsigned kServerLoops = 2;
constexpr unsigned kFirstClientLoop = 50;
}  // namespace

/// A server process with all it has.
struct Cluster::Instance {
  Instance(World& world, SimClock& clock, std::string name, std::uint64_t number)
      : random(world.seed(), 10'000 + number),
        process(std::make_unique<Process>(std::move(name), number)) {
    for (unsigned i = 0; i < kServerLoops; ++i)
      loops.push_back(std::make_unique<SimExecutor>(world, clock, i, process.get()));
  }
  SimRandom random;
  std::unique_ptr<Process> process;
  std::vector<std::unique_ptr<SimExecutor>> loops;
  std::unique_ptr<ports::Authenticator> authenticator;
  std::shared_ptr<service::ServedVolume> volume;
  std::unique_ptr<service::Server> server;
};

Cluster::Cluster(std::uint64_t seed, ClusterOptions options)
    : world_(seed),
      rng_(seed, 4),
      options_(options),
      random_(seed, 5),
      events_(world_),
      network_(world_),
      volume_(world_) {
  random_.fill(server_guid_.octets);
  clocks_.emplace_back(world_);
  fate_loop_ = std::make_unique<SimExecutor>(world_, clocks_.front(), 49, &outside_);
  vfs_ = std::make_shared<MemoryVfs>(world_, clocks_.front());
  vfs_->keep_journal();
  vfs_->on_change = [this]() -> Result<void> {
    if (!volume_.is_reached()) return fail(NtStatus::kIoDeviceError);
    volume_.changed("a file");
    return {};
  };
  network_.route = [this](unsigned client) { return route(client); };
  network_.reaches = [this](unsigned client, std::size_t machine) {
    return reaches(client, machine);
  };
}

Cluster::~Cluster() {
  for (std::size_t i = 0; i < machines_.size(); ++i)
    if (is_up(i)) end(i, ProcessEnd::kKilled);
  outside_.kill();
  vfs_->drop_kept();
}

void Cluster::boot(Machine& machine) {
  random_.fill(machine.boot.octets);
  ClockError error;
  error.since_boot_us = rng_.below(1'000'000'000);
  error.wall_us = static_cast<std::int64_t>(rng_.below(4'000'000));
  error.drift_ppm = static_cast<std::int64_t>(rng_.below(40'001)) - 20'000;
  machine.clock = &clocks_.emplace_back(world_, error);
}

std::size_t Cluster::add_machine() {
  Machine& machine = machines_.emplace_back();
  machine.name = "machine " + std::to_string(machines_.size());
  boot(machine);
  return machines_.size() - 1;
}

service::Settings Cluster::settings_of(std::shared_ptr<service::ServedVolume> volume) const {
  service::Settings settings;
  settings.policy.server_guid = server_guid_;
  settings.policy.persistent_handles = true;
  core::Share kept;
  kept.name = "kept";
  kept.location = "/sim";
  kept.vfs = vfs_;
  kept.continuous_availability = true;
  kept.keeps_durable = true;
  kept.failover = std::move(volume);
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(kept)));
  core::Share ipc;
  ipc.name = "IPC$";
  ipc.type = core::ShareType::kPipe;
  ipc.hidden = true;
  settings.shares.push_back(std::make_shared<const core::Share>(std::move(ipc)));
  return settings;
}

void Cluster::start_server(std::size_t at) {
  Machine& machine = machines_[at];
  HF_ASSERT(machine.instance == nullptr);
  std::uint64_t number = processes_++;
  world_.trace("a server starts", at, number);
  machine.instance = std::make_unique<Instance>(
      world_, *machine.clock, "server " + std::to_string(number) + " on " + machine.name, number);
  Instance& i = *machine.instance;
  service::EpochRules rules;
  i.random.fill(rules.instance.octets);
  rules.boot = machine.boot;
  rules.host = machine.name;
  rules.lease_ms = options_.lease_ms;
  rules.exclusive_mount = options_.exclusive_mount;
  i.volume =
      std::make_shared<service::ServedVolume>(volume_.storage(*i.process, at), std::move(rules));
  i.authenticator = make_sim_authenticator(*machine.clock, i.random);
  i.server = std::make_unique<service::Server>(
      service::Environment{i.random, *machine.clock, crypto_, *i.authenticator, events_},
      settings_of(i.volume));
  i.loops.front()->post([&i] { i.server->failover().serve(*i.loops.front(), {i.volume}, {}); });
  std::vector<SimExecutor*> loops;
  for (const auto& loop : i.loops) loops.push_back(loop.get());
  network_.listen(at, std::move(loops),
                  [&i](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
                    i.server->accept(loop, std::move(stream));
                  });
}

service::Server* Cluster::server(std::size_t at) {
  return is_up(at) ? machines_[at].instance->server.get() : nullptr;
}

bool Cluster::serves(std::size_t at) const {
  return is_up(at) && machines_[at].instance->volume->state() == service::ServedVolume::State::kUp;
}

void Cluster::end(std::size_t at, ProcessEnd how) {
  Machine& machine = machines_[at];
  Instance& i = *machine.instance;
  world_.trace("a server is gone", at, static_cast<std::uint64_t>(how));
  if (world_.verbose()) world_.note(i.process->name() + " is gone");
  network_.stop_listening(at);
  auto streams = network_.streams_of(*i.process);
  i.process->kill();
  volume_.process_ended(*i.process);
  network_.process_ended(streams, how);
  i.server.reset();
  i.volume.reset();
  ended_.push_back(std::move(i.process));
  for (auto& loop : i.loops) ended_loops_.push_back(std::move(loop));
  machine.instance.reset();
}

void Cluster::kill(std::size_t at, ProcessEnd how) {
  end(at, how);
  count(how == ProcessEnd::kKilled ? "server killed" : "power lost");
  if (how == ProcessEnd::kKilled) return;
  boot(machines_[at]);
  // Another machine has its pages in the cache that they share.
  if (std::ranges::any_of(machines_, [](const Machine& m) { return m.instance != nullptr; }))
    return;
  ++power_losses_;
  vfs_->lose_power();
}

Task<void> Cluster::stop(std::size_t at) {
  Instance& i = *machines_[at].instance;
  Process* process = i.process.get();
  count("server stopped in order");
  auto still = [this, at, process] {
    return machines_[at].instance != nullptr && machines_[at].instance->process.get() == process;
  };
  network_.stop_listening(at);
  i.server->close_all();
  for (int tries = 0; tries < 1'200 && still() && i.server->counters().connections.load() != 0;
       ++tries)
    co_await ports::sleep_for(*fate_loop_, 50'000);
  if (!still()) co_return;
  if (i.server->counters().connections.load() != 0)
    co_return world_.fail("connections outlive the end of the server in order");
  auto done = std::make_shared<bool>(false);
  i.loops.front()->post(
      [&i, done] { spawn(i.server->failover().stop_and_tell([done] { *done = true; })); });
  for (int tries = 0; tries < 1'000 && still() && !*done; ++tries)
    co_await ports::sleep_for(*fate_loop_, 50'000);
  if (!still()) co_return;
  if (!*done) co_return world_.fail("a volume is never given back");
  end(at, ProcessEnd::kKilled);
}

void Cluster::freeze(std::size_t at, std::uint64_t us) {
  if (!is_up(at)) return;
  world_.trace("a server is stopped", at, us);
  count("server frozen");
  machines_[at].instance->process->freeze_until(world_.now_us() + us);
}

void Cluster::set_blocking(std::size_t at, BlockingTimes times) {
  if (!is_up(at)) return;
  for (const auto& loop : machines_[at].instance->loops) loop->blocking_times() = times;
}

void Cluster::connect_machine(std::size_t at, bool connected) {
  if (machines_[at].connected == connected) return;
  machines_[at].connected = connected;
  if (!connected) count("machine cut off");
  network_.partition_changed();
}

void Cluster::connect_disk(std::size_t at, bool connected) {
  if (!connected) count("disk cut off");
  disk_was_cut_off_ = true;
  volume_.reach(at, connected);
}

void Cluster::set_store_faults(const VolumeFaults& faults) {
  volume_.faults() = faults;
  if (!faults.any()) return;
  store_fails_ = true;
  count("store fails");
}

void Cluster::connect_client(std::size_t client, std::size_t machine, bool connected) {
  std::pair<unsigned, std::size_t> pair{kFirstClientLoop + static_cast<unsigned>(client), machine};
  std::erase(blocked_, pair);
  if (!connected) {
    blocked_.push_back(pair);
    count("client cut off");
  }
  network_.partition_changed();
}

bool Cluster::reaches(unsigned client, std::size_t machine) const {
  return machines_[machine].connected &&
         std::ranges::count(blocked_, std::pair{client, machine}) == 0;
}

/// As a client that knows several addresses: any that answers, more often the one that serves.
std::optional<std::size_t> Cluster::route(unsigned client) {
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    if (!reaches(client, i)) continue;
    some.push_back(i);
    if (serves(i)) some.insert(some.end(), 3, i);
  }
  if (some.empty()) return std::nullopt;
  return some[rng_.below(some.size())];
}

Client& Cluster::add_client(ClientOptions options) {
  client_loops_.push_back(std::make_unique<SimExecutor>(
      world_, clocks_.front(), kFirstClientLoop + static_cast<unsigned>(client_loops_.size()),
      &outside_));
  clients_.push_back(std::make_unique<Client>(
      ClientWorld{world_, *client_loops_.back(), network_, crypto_, counters_},
      std::move(options)));
  return *clients_.back();
}

Task<void> Cluster::tell(Task<void> story) {
  ++running_;
  co_await story;
  --running_;
}

void Cluster::start(Task<void> story) {
  Process::Scope scope(&outside_);
  spawn(tell(std::move(story)));
}

void Cluster::run(std::uint64_t limit_us) {
  // A server that serves always has something to do: its epoch.
  while (!world_.failed() && world_.now_us() < limit_us) {
    std::uint64_t until_us = world_.now_us() + 1'000'000;
    if (world_.run(until_us) || world_.failed() || running_ == 0) break;
    world_.pass_to(until_us);
  }
  if (world_.failed() || running_ == 0) return;
  std::string who;
  for (const auto& client : clients_)
    if (client->in_flight() != 0)
      who += ", " + client->options().name + " waits for " + std::to_string(client->in_flight()) +
             " answers";
  world_.fail(std::to_string(running_) + " stories never end" + who);
}

std::string Cluster::left() {
  std::string list;
  auto none = [&list](std::uint64_t count, const char* what) {
    if (count != 0) list += (list.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  for (Machine& machine : machines_) {
    if (machine.instance == nullptr) continue;
    service::Server& server = *machine.instance->server;
    none(server.counters().connections.load(), "connections");
    none(server.sessions().size(), "sessions");
    none(server.opens().size(), "opens");
    none(server.create_replays().size(), "CREATEs to be recognized");
    none(server.waits().size(), "waits");
    none(server.notifications().idle() ? 0 : 1, "watched directories");
  }
  none(vfs_->open_files(), "open files");
  std::uint64_t opens = 0, connections = 0;
  for (const auto& [key, value] : volume_.content()) {
    opens += key.first == static_cast<std::uint16_t>(wire::state::Table::kOpens);
    connections += key.first == static_cast<std::uint16_t>(wire::state::Table::kConnections);
  }
  none(opens, "opens in the store");
  none(connections, "connections in the store");
  return list;
}

void Cluster::expect_nothing_left() {
  // Until the store has all that was entered, connections that were cut are noticed, and what
  // nobody came back for is closed.
  for (int seconds = 0; seconds < 400 && !world_.failed() && !left().empty(); ++seconds) {
    std::uint64_t until_us = world_.now_us() + 1'000'000;
    (void)world_.run(until_us);
    world_.pass_to(until_us);
  }
  if (!world_.failed() && !left().empty())
    world_.fail("left after all clients have gone: " + left());
}

}  // namespace holdfast::sim
