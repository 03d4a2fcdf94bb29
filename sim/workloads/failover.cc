// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "sim/workloads/kept_client.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

constexpr std::uint64_t kSecond_us = 1'000'000;
constexpr std::size_t kMostFiles = 3;
constexpr std::size_t kMostOpens = 3;

/// A client with persistent opens that does anything with them.
class KeptStory {
 public:
  KeptStory(Cluster& cluster, std::size_t number)
      : cluster_(cluster), number_(number), kept_(cluster, make_client(cluster, number)) {}

  KeptClient& kept() { return kept_; }
  Task<void> run(std::uint64_t steps, std::uint64_t pause_us, std::size_t& working);

 private:
  static Client& make_client(Cluster& cluster, std::size_t number) {
    ClientOptions options = some_client_options(cluster.rng(), "client " + std::to_string(number));
    options.dialects = {cluster.rng().one_in(2) ? smb2::Dialect::kSmb311 : smb2::Dialect::kSmb302};
    return cluster.add_client(std::move(options));
  }
  bool failed() const { return kept_.failed(); }
  std::string fresh_name() {
    return "of " + std::to_string(number_) + " no " + std::to_string(++names_);
  }
  KeptOpen& some_open();
  Task<bool> step();
  Task<bool> step_of_file(KeptOpen& open);
  Task<bool> new_file();
  Task<bool> another_open(KeptFile& file);
  Task<bool> forget(KeptFile& file);
  Task<bool> end_all();

  Cluster& cluster_;
  std::size_t number_;
  KeptClient kept_;
  std::uint64_t names_ = 0;
};

KeptOpen& KeptStory::some_open() {
  auto open = kept_.opens().begin();
  std::advance(open, kept_.rng().below(kept_.opens().size()));
  return *open;
}

Task<bool> KeptStory::new_file() {
  Rng& rng = kept_.rng();
  KeptFile& file = kept_.files().emplace_back();
  file.path = fresh_name();
  file.is_directory = rng.one_in(6);
  file.exclusive = rng.one_in(3);
  file.only_durable = !file.is_directory && !file.exclusive && rng.one_in(4);
  if (file.only_durable || (!file.is_directory && rng.one_in(2)))
    for (auto& octet : file.lease.octets) octet = static_cast<std::uint8_t>(rng.u64());
  co_return co_await kept_.open(file, smb2::CreateDisposition::kOpenIf) != nullptr;
}

Task<bool> KeptStory::another_open(KeptFile& file) {
  std::size_t opens = static_cast<std::size_t>(std::ranges::count_if(
      kept_.opens(), [&](const KeptOpen& open) { return open.file == &file; }));
  if (file.exclusive || file.only_durable || opens >= kMostOpens) co_return true;
  co_return co_await kept_.open(file, smb2::CreateDisposition::kOpen) != nullptr;
}

/// Deleted, or only closed.
Task<bool> KeptStory::forget(KeptFile& file) {
  if (kept_.rng().per_mille(800) && !co_await kept_.mark_to_go(*kept_.first_open_of(file)))
    co_return false;
  if (!co_await kept_.finish(file)) co_return false;
  kept_.opens().remove_if([&](const KeptOpen& open) { return open.file == &file; });
  kept_.files().remove_if([&](const KeptFile& f) { return &f == &file; });
  co_return true;
}

Task<bool> KeptStory::step_of_file(KeptOpen& open) {
  KeptFile& file = *open.file;
  KeptOpen& first = *kept_.first_open_of(file);
  std::size_t block = kept_.rng().below(KeptFile::kBlocks);
  switch (kept_.rng().below(12)) {
    case 0: co_return co_await kept_.rename(open, fresh_name());
    case 1: co_return co_await another_open(file);
    case 2: co_return &open == &first ? true : co_await kept_.close(open);
    case 3: co_return co_await forget(file);
    default: break;
  }
  if (file.is_directory) co_return true;
  switch (kept_.rng().below(6)) {
    case 0:
      if (file.locked[block]) co_return co_await kept_.unlock(first, block);
      co_return co_await kept_.lock(first, block);
    case 1: co_return co_await kept_.check(first);
    // Under its own lock, or where nobody has one.
    default: co_return co_await kept_.write(first, block);
  }
}

Task<bool> KeptStory::step() {
  Rng& rng = kept_.rng();
  kept_.drop_lost();
  if (kept_.opens().empty() || (kept_.files().size() < kMostFiles && rng.one_in(10)))
    co_return co_await new_file();
  if (rng.one_in(40)) {
    if (rng.one_in(2))
      kept_.client().abort();
    else if (kept_.client().connected())
      cluster_.network().reset(*kept_.client().stream());
  }
  if (rng.one_in(25)) co_return co_await kept_.check_closed_stay_closed();
  co_return co_await step_of_file(some_open());
}

Task<bool> KeptStory::end_all() {
  kept_.drop_lost();
  // Through the open that has the locks.
  for (KeptFile& file : kept_.files())
    if (auto open = kept_.first_open_of(file); open != kept_.opens().end() && !file.is_directory)
      if (!co_await kept_.check(*open)) co_return false;
  while (!kept_.files().empty() && !failed()) {
    KeptFile& file = kept_.files().front();
    if (kept_.first_open_of(file) == kept_.opens().end()) {
      kept_.files().pop_front();
      continue;
    }
    if (!co_await forget(file)) co_return false;
    kept_.drop_lost();
  }
  co_return co_await kept_.check_closed_stay_closed();
}

Task<void> KeptStory::run(std::uint64_t steps, std::uint64_t pause_us, std::size_t& working) {
  bool fine = co_await kept_.come_back();
  for (std::uint64_t i = 0; fine && i < steps && !failed(); ++i) {
    fine = co_await step();
    if (pause_us != 0) co_await ports::sleep_for(kept_.loop(), kept_.rng().below(pause_us));
  }
  // Some never come back: their handles are closed when their time is over.
  if (fine && !failed() && !kept_.rng().one_in(4)) (void)co_await end_all();
  for (KeptFile& file : kept_.files()) file.is_held = false, file.locked = {};
  --working;
  co_await kept_.leave();
}

/// The stories of a cluster, and what happens to it meanwhile.
struct Play {
  explicit Play(Cluster& c) : cluster(c) {}
  Cluster& cluster;
  std::vector<std::unique_ptr<KeptStory>> stories;
  std::size_t working = 0;

  void begin(std::size_t clients, std::uint64_t steps, std::uint64_t pause_us) {
    std::vector<KeptClient*> owners;
    for (std::size_t i = 0; i < clients; ++i) {
      stories.push_back(std::make_unique<KeptStory>(cluster, i));
      owners.push_back(&stories.back()->kept());
      ++working;
    }
    for (auto& story : stories) cluster.start(story->run(steps, pause_us, working));
    ClientOptions options = some_client_options(cluster.rng(), "rival");
    cluster.start(kept_rival(cluster, cluster.add_client(options), owners, working));
  }
  Rng& rng() { return cluster.rng(); }
  bool goes_on() const { return working != 0 && !cluster.failed(); }
  Task<void> pause(std::uint64_t most_us) {
    co_await ports::sleep_for(cluster.fate_loop(), rng().below(most_us));
  }
  ProcessEnd some_end() { return rng().one_in(3) ? ProcessEnd::kPowerLost : ProcessEnd::kKilled; }
};

// ---- failover-loop ----

Task<void> one_restart(Play& play, std::size_t machine) {
  Cluster& cluster = play.cluster;
  if (cluster.is_up(machine)) {
    if (play.rng().one_in(6))
      co_await cluster.stop(machine);
    else
      cluster.kill(machine, play.some_end());
  }
  if (play.rng().one_in(2)) co_await play.pause(2 * kSecond_us);
  cluster.start_server(machine);
  // Often when it has not restored everything yet.
  if (play.rng().one_in(3)) co_await play.pause(60'000);
}

/// Of the volume's next server.
VolumeFaults some_faults(Rng& rng) {
  VolumeFaults faults;
  if (rng.one_in(2)) faults.commit_error_per_mille = rng.between(1, 400);
  if (rng.one_in(3)) faults.disk_full_per_mille = rng.between(1, 400);
  if (rng.one_in(3)) faults.epoch_error_per_mille = rng.between(1, 300);
  if (rng.one_in(3)) faults.longest_write_us = 300'000;
  return faults;
}

Task<void> restarts(Play& play, std::uint64_t times, bool store_fails) {
  Cluster& cluster = play.cluster;
  while (times-- != 0 && play.goes_on()) {
    co_await play.pause(play.rng().one_in(3) ? 100'000 : 3 * kSecond_us);
    if (store_fails) cluster.set_store_faults(some_faults(play.rng()));
    if (play.goes_on()) co_await one_restart(play, 0);
  }
  // The disk is mended, and with it the server starts again.
  cluster.set_store_faults({});
  if (store_fails && cluster.is_up(0)) cluster.kill(0, ProcessEnd::kKilled);
  if (!cluster.is_up(0)) cluster.start_server(0);
}

// ---- failover-fencing ----

/// Keeps the machine that serves from its disk, its network or its time, and gives it back.
Task<void> one_fault(Play& play, std::size_t machine) {
  Cluster& cluster = play.cluster;
  std::uint64_t lasts_us = play.rng().between(100'000, 12 * kSecond_us);
  switch (play.rng().below(5)) {
    case 0:
      cluster.freeze(machine, lasts_us);
      co_await ports::sleep_for(cluster.fate_loop(), lasts_us);
      co_return;
    case 1:  // The disk is behind the same network.
      cluster.connect_machine(machine, false);
      cluster.connect_disk(machine, false);
      co_await ports::sleep_for(cluster.fate_loop(), lasts_us);
      cluster.connect_disk(machine, true);
      if (play.rng().one_in(2)) co_await play.pause(3 * kSecond_us);
      cluster.connect_machine(machine, true);
      co_return;
    case 2:
      cluster.connect_disk(machine, false);
      co_await ports::sleep_for(cluster.fate_loop(), lasts_us);
      cluster.connect_disk(machine, true);
      co_return;
    case 3:
      cluster.count("slow disk");
      cluster.set_blocking(machine, {play.rng().between(10'000, 1'500'000), 400'000});
      co_await ports::sleep_for(cluster.fate_loop(), lasts_us);
      cluster.set_blocking(machine, {});
      co_return;
    default:
      cluster.kill(machine, ProcessEnd::kKilled);
      co_await play.pause(8 * kSecond_us);
      cluster.start_server(machine);
      co_return;
  }
}

Task<void> faults(Play& play, std::uint64_t times) {
  Cluster& cluster = play.cluster;
  cluster.start_server(0);
  co_await play.pause(5 * kSecond_us);
  cluster.start_server(1);
  while (times-- != 0 && play.goes_on()) {
    co_await play.pause(6 * kSecond_us);
    if (play.goes_on()) co_await one_fault(play, cluster.serves(1) ? 1 : 0);
  }
}

// ---- failover-partition ----

Task<void> one_partition(Play& play) {
  Cluster& cluster = play.cluster;
  std::size_t machine = play.rng().below(2);
  std::size_t client = play.rng().below(cluster.clients());
  std::uint64_t lasts_us = play.rng().between(10'000, 15 * kSecond_us);
  bool all = play.rng().one_in(3), both = play.rng().one_in(3);
  for (std::size_t c = 0; c < cluster.clients(); ++c) {
    if (c != client && !all) continue;
    cluster.connect_client(c, machine, false);
    if (both) cluster.connect_client(c, 1 - machine, false);
  }
  if (play.rng().one_in(3)) {
    // The other one takes over meanwhile.
    std::size_t server = cluster.serves(1) ? 1 : 0;
    co_await play.pause(lasts_us);
    if (cluster.is_up(server)) {
      if (play.rng().one_in(3))
        co_await cluster.stop(server);
      else
        cluster.kill(server, ProcessEnd::kKilled);
      co_await play.pause(2 * kSecond_us);
      cluster.start_server(server);
    }
  }
  co_await ports::sleep_for(cluster.fate_loop(), lasts_us);
  for (std::size_t c = 0; c < cluster.clients(); ++c) {
    cluster.connect_client(c, machine, true);
    cluster.connect_client(c, 1 - machine, true);
  }
}

Task<void> partitions(Play& play, std::uint64_t times) {
  play.cluster.start_server(0);
  play.cluster.start_server(1);
  while (times-- != 0 && play.goes_on()) {
    co_await play.pause(4 * kSecond_us);
    if (play.goes_on()) co_await one_partition(play);
  }
}

ClusterOptions two_machines(Rng& rng) {
  ClusterOptions options;
  options.exclusive_mount = false;
  options.lease_ms = static_cast<std::uint32_t>(rng.between(2'000, 6'000));
  return options;
}

}  // namespace

void run_failover_loop(Cluster& cluster, const RunOptions&) {
  Play play(cluster);
  cluster.add_machine();
  cluster.start_server(0);
  play.begin(cluster.rng().between(1, 3), cluster.rng().between(30, 120),
             cluster.rng().one_in(2) ? 0 : 200'000);
  cluster.start(restarts(play, cluster.rng().between(2, 12), cluster.rng().one_in(5)));
  cluster.run();
  cluster.expect_nothing_left();
}

void run_failover_fencing(Cluster& cluster, const RunOptions&) {
  Play play(cluster);
  cluster.add_machine();
  cluster.add_machine();
  play.begin(cluster.rng().between(1, 2), cluster.rng().between(40, 120), 500'000);
  cluster.start(faults(play, cluster.rng().between(2, 6)));
  cluster.run();
  cluster.expect_nothing_left();
}

void run_failover_partition(Cluster& cluster, const RunOptions&) {
  Play play(cluster);
  cluster.add_machine();
  cluster.add_machine();
  play.begin(cluster.rng().between(1, 3), cluster.rng().between(40, 120), 400'000);
  cluster.start(partitions(play, cluster.rng().between(2, 6)));
  cluster.run();
  cluster.expect_nothing_left();
}

ClusterOptions loop_cluster(Rng& rng) {
  if (rng.per_mille(800)) return {};
  ClusterOptions options = two_machines(rng);
  return options;
}
ClusterOptions two_machine_cluster(Rng& rng) { return two_machines(rng); }

}  // namespace holdfast::sim
