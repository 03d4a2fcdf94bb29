// SPDX-License-Identifier: Apache-2.0
#include "bench/load/run.h"

#include <cstdio>
#include <fstream>
#include <future>
#include <iostream>
#include <stdexcept>

#include "bench/load/load_client.h"
#include "bench/load/rival.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;

Run::Run(Surroundings& surroundings, RunOptions options, const std::string& log_path)
    : surroundings_(surroundings),
      options_(options),
      log_(log_path, options.layout),
      has_recovered_(options.layout.clients) {}

void Run::paused(const Pause& pause) {
  pauses_.push_back(pause);
  if (has_recovered_[pause.client]) return;
  has_recovered_[pause.client] = true;
  ++recovered_;
}

void Run::mark() {
  recovered_ = 0;
  has_recovered_.assign(has_recovered_.size(), false);
}

namespace {

constexpr std::uint64_t kLookAgainUs = 2'000;

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// The clients of a run and what standard input asks of them.
class Crowd {
 public:
  explicit Crowd(Run& run) : run_(run) {}
  /// The whole run.
  Task<void> live();
  Task<void> command(std::string line);

 private:
  Task<bool> make_folder();
  Task<void> begin_one(LoadClient& client, std::size_t& left, OneShot<bool>& done);
  Task<void> work_one(LoadClient& client, std::size_t& left, OneShot<bool>& done);
  Task<void> rival(Rival& rival, std::size_t& left, OneShot<bool>& done);
  Task<void> wait_for_recovery();
  Task<void> wait_for_loss();
  std::size_t connected() const;
  void cut();

  Run& run_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::unique_ptr<Rival>> rivals_;
};

Task<bool> Crowd::make_folder() {
  sim::Client client(run_.surroundings().world(),
                     client_options(run_.surroundings().target(), "maker", smb2::Dialect::kSmb311));
  NtStatus status = co_await client.connect();
  if (status == NtStatus::kSuccess) status = co_await client.logon();
  if (status == NtStatus::kSuccess)
    status = co_await client.tree_connect(run_.surroundings().target().share);
  if (status == NtStatus::kSuccess) {
    sim::OpenArgs args;
    args.path = kFolder;
    args.options = smb2::CreateOptions::kDirectoryFile;
    Result<sim::OpenFile> folder = co_await sim::open(client, args);
    status = folder ? co_await sim::close(client, folder->id) : folder.error();
  }
  if (status != NtStatus::kSuccess)
    run_.fail("cannot log on and make the folder: " + to_string(status));
  client.disconnect();
  co_await client.closed();
  co_return status == NtStatus::kSuccess;
}

Task<void> Crowd::begin_one(LoadClient& client, std::size_t& left, OneShot<bool>& done) {
  bool ok = co_await client.begin();
  if (!ok) run_.fail("a client cannot open its files");
  if (--left == 0) done.set(true);
}

Task<void> Crowd::work_one(LoadClient& client, std::size_t& left, OneShot<bool>& done) {
  co_await client.work();
  if (--left == 0) done.set(true);
}

Task<void> Crowd::rival(Rival& rival, std::size_t& left, OneShot<bool>& done) {
  co_await rival.run();
  if (--left == 0) done.set(true);
}

Task<void> Crowd::live() {
  bool made = co_await make_folder();
  if (!made) co_return tell("cannot begin");
  std::size_t count = run_.options().layout.clients;
  for (std::uint32_t i = 0; i < count; ++i)
    clients_.push_back(std::make_unique<LoadClient>(run_, i));
  std::size_t left = count;
  OneShot<bool> begun;
  for (auto& client : clients_) spawn(begin_one(*client, left, begun));
  (void)co_await begun;
  if (run_.surroundings().program().failed()) run_.stop();
  left = count + run_.options().rivals;
  OneShot<bool> ended;
  for (auto& client : clients_) spawn(work_one(*client, left, ended));
  for (std::uint32_t i = 0; i < run_.options().rivals; ++i) {
    rivals_.push_back(std::make_unique<Rival>(run_, i));
    spawn(rival(*rivals_.back(), left, ended));
  }
  tell("ready");
  (void)co_await ended;
  run_.log().flush();
  tell("ended");
}

std::size_t Crowd::connected() const {
  std::size_t n = 0;
  for (const auto& client : clients_) n += client->connected() ? 1 : 0;
  return n;
}

void Crowd::cut() {
  for (auto& client : clients_) client->cut();
  for (auto& rival : rivals_) rival->cut();
}

Task<void> Crowd::wait_for_recovery() {
  std::uint64_t begin = run_.now_us();
  while (run_.recovered() < clients_.size()) {
    if (run_.now_us() - begin > run_.options().longest_pause_us) {
      run_.fail(std::to_string(clients_.size() - run_.recovered()) +
                " clients have no answer for " +
                std::to_string(run_.options().longest_pause_us / 1'000'000) + " s");
      co_return tell("stuck");
    }
    co_await ports::sleep_for(run_.loop(), kLookAgainUs);
  }
  tell("recovered");
}

/// What the server's sockets still held has been read when no client is connected.
Task<void> Crowd::wait_for_loss() {
  while (connected() != 0) co_await ports::sleep_for(run_.loop(), kLookAgainUs);
  run_.log().flush();
  tell("down");
}

Task<void> Crowd::command(std::string line) {
  if (line == "mark") {
    run_.mark();
    tell("marked");
  } else if (line == "wait") {
    co_await wait_for_recovery();
  } else if (line == "down") {
    co_await wait_for_loss();
  } else if (line == "cut") {
    cut();
    tell("cut");
  } else if (line == "stop") {
    run_.stop();
  } else {
    tell("what is '" + line + "'?");
  }
}

void read_commands(Surroundings& surroundings, Crowd& crowd) {
  std::string line;
  bool more = true;
  while (more) {
    more = static_cast<bool>(std::getline(std::cin, line));
    if (!more) line = "stop";
    if (line == "stop") more = false;
    surroundings.post([&crowd, line] { spawn(crowd.command(line)); });
  }
}

void report(const Run& run, const std::string& pauses_path) {
  for (const auto& [what, count] : run.counts())
    std::printf("%10llu %s\n", static_cast<unsigned long long>(count), what.c_str());
  std::ofstream out(pauses_path);
  for (const Pause& pause : run.pauses())
    out << pause.client << ' ' << pause.begin_us << ' ' << pause.end_us << '\n';
  if (!out) throw std::runtime_error("cannot write " + pauses_path);
}

}  // namespace

int run_load(const Target& target, RunOptions options, const std::string& log_path,
             const std::string& pauses_path) {
  Surroundings surroundings(target, options.layout.seed);
  Run run(surroundings, options, log_path);
  Crowd crowd(run);
  surroundings.start(crowd.live());
  read_commands(surroundings, crowd);
  surroundings.wait();
  report(run, pauses_path);
  return surroundings.program().failed() ? 1 : 0;
}

}  // namespace holdfast::load
