// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "sim/workloads/kept_client.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using smb2::LockElement;

/// A client whose server dies while requests are under way. What is sent again is done once.
class LateStory {
 public:
  LateStory(Cluster& cluster, std::size_t number)
      : cluster_(cluster),
        number_(number),
        kept_(cluster, cluster.add_client(options_of(cluster, number))) {}

  Task<void> run(std::uint64_t rounds);

 private:
  static ClientOptions options_of(Cluster& cluster, std::size_t number) {
    ClientOptions options = some_client_options(cluster.rng(), "client " + std::to_string(number));
    options.dialects = {cluster.rng().one_in(2) ? smb2::Dialect::kSmb311 : smb2::Dialect::kSmb302};
    return options;
  }
  bool failed() const { return kept_.failed(); }
  void die_soon();
  std::size_t opens_of(const std::string& path);
  Task<bool> round(KeptFile& file);
  Task<bool> locks(KeptOpen& open);
  Task<bool> lock_is(KeptOpen& open, std::uint32_t flags, NtStatus expected, const char* what);

  Cluster& cluster_;
  std::size_t number_;
  KeptClient kept_;
  std::uint64_t names_ = 0;
};

/// Perhaps: the server dies while the next request is under way, or a little later.
void LateStory::die_soon() {
  if (kept_.rng().one_in(2)) return;
  std::uint64_t when_us = kept_.rng().below(kept_.rng().one_in(3) ? 25'000 : 6'000);
  ProcessEnd how = kept_.rng().one_in(3) ? ProcessEnd::kPowerLost : ProcessEnd::kKilled;
  std::uint64_t down_us = kept_.rng().one_in(2) ? 0 : kept_.rng().below(300'000);
  cluster_.start(
      [](Cluster& cluster, std::uint64_t when, ProcessEnd end, std::uint64_t down) -> Task<void> {
        co_await ports::sleep_for(cluster.fate_loop(), when);
        if (!cluster.is_up(0)) co_return;
        cluster.kill(0, end);
        co_await ports::sleep_for(cluster.fate_loop(), down);
        cluster.start_server(0);
      }(cluster_, when_us, how, down_us));
}

std::size_t LateStory::opens_of(const std::string& path) {
  service::Server* server = cluster_.server(0);
  if (server == nullptr || !cluster_.serves(0)) return 0;
  std::size_t opens = 0;
  for (const core::OpenListing& open : server->opens().list()) opens += open.path == path;
  return opens;
}

Task<bool> LateStory::lock_is(KeptOpen& open, std::uint32_t flags, NtStatus expected,
                              const char* what) {
  die_soon();
  NtStatus status = co_await kept_.lock_request(open, 1, flags);
  if (status == expected || failed()) co_return !failed();
  kept_.wrong(std::string(what) + " got " + to_string(status));
  co_return false;
}

/// Shared locks of one open lie on each other: each LOCK and each UNLOCK counts once.
Task<bool> LateStory::locks(KeptOpen& open) {
  std::uint64_t number = kept_.rng().between(1, 3);
  for (std::uint64_t i = 0; i < number; ++i)
    if (!co_await lock_is(open, LockElement::kFlagSharedLock | LockElement::kFlagFailImmediately,
                          NtStatus::kSuccess, "LOCK"))
      co_return false;
  for (std::uint64_t i = 0; i < number; ++i)
    if (!co_await lock_is(open, LockElement::kFlagUnlock, NtStatus::kSuccess,
                          "an UNLOCK of what is locked"))
      co_return false;
  co_return co_await lock_is(open, LockElement::kFlagUnlock, NtStatus::kRangeNotLocked,
                             "one UNLOCK more than there were LOCKs");
}

Task<bool> LateStory::round(KeptFile& file) {
  file.path = "late " + std::to_string(number_) + " " + std::to_string(++names_);
  file.exclusive = true;
  if (kept_.rng().one_in(3))
    for (auto& octet : file.lease.octets) octet = static_cast<std::uint8_t>(kept_.rng().u64());
  die_soon();
  KeptOpen* open =
      co_await kept_.open(file, kept_.rng().one_in(2) ? smb2::CreateDisposition::kCreate
                                                      : smb2::CreateDisposition::kOpenIf);
  if (open == nullptr) co_return false;
  if (opens_of(file.path) > 1) {
    kept_.wrong("a CREATE has made " + std::to_string(opens_of(file.path)) + " opens");
    co_return false;
  }
  for (std::uint64_t i = kept_.rng().below(4); i != 0; --i) {
    die_soon();
    if (!co_await kept_.write(*open, kept_.rng().below(KeptFile::kBlocks))) co_return false;
  }
  if (!co_await kept_.check(*open)) co_return false;
  if (kept_.rng().one_in(2) && !co_await locks(*open)) co_return false;
  if (kept_.rng().one_in(3)) {
    die_soon();
    if (!co_await kept_.rename(*open, file.path + " moved")) co_return false;
  }
  die_soon();
  if (!co_await kept_.mark_to_go(*open)) co_return false;
  die_soon();
  if (!co_await kept_.close(*open)) co_return false;
  co_return co_await kept_.check_closed_stay_closed();
}

Task<void> LateStory::run(std::uint64_t rounds) {
  bool fine = co_await kept_.come_back();
  for (std::uint64_t i = 0; fine && i < rounds && !failed(); ++i) {
    fine = co_await round(kept_.files().emplace_back());
    kept_.files().clear();
  }
  co_await kept_.leave();
}

}  // namespace

void run_failover_replay(Cluster& cluster, const RunOptions&) {
  cluster.add_machine();
  cluster.start_server(0);
  std::vector<std::unique_ptr<LateStory>> stories;
  for (std::uint64_t i = cluster.rng().between(1, 2); i != 0; --i) {
    stories.push_back(std::make_unique<LateStory>(cluster, stories.size()));
    cluster.start(stories.back()->run(cluster.rng().between(2, 8)));
  }
  cluster.run();
  if (!cluster.is_up(0)) cluster.start_server(0);
  cluster.expect_nothing_left();
}

}  // namespace holdfast::sim
