// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/client/operations.h"
#include "sim/workloads/mutate.h"
#include "sim/workloads/requests.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using smb2::Command;

/// Works as a good client does, until it is told to stop; whatever others do must not disturb it.
Task<void> good_client(Scene& scene, Client& client, const bool& stop) {
  auto disturbed = [&](const std::string& how) {
    if (!scene.world().failed()) scene.world().fail("the good client is disturbed: " + how);
  };
  if (co_await client.connect() != NtStatus::kSuccess ||
      co_await client.logon() != NtStatus::kSuccess ||
      co_await client.tree_connect("data") != NtStatus::kSuccess)
    co_return disturbed("cannot log on");
  OpenArgs args;
  args.path = "good file";
  args.share = 0;
  Result<OpenFile> file = co_await open(client, args);
  if (!file) co_return disturbed("CREATE " + to_string(file.error()));
  std::uint64_t rounds = 0;
  while ((!stop || rounds < 3) && !scene.world().failed()) {
    ++rounds;
    ByteVec data(client.rng().between(1, 4'000), static_cast<std::uint8_t>(client.rng().u64()));
    std::uint64_t offset = client.rng().below(50'000);
    NtStatus status = co_await write(client, file->id, offset, data);
    if (status != NtStatus::kSuccess) co_return disturbed("WRITE " + to_string(status));
    Result<ByteVec> back =
        co_await read(client, file->id, offset, static_cast<std::uint32_t>(data.size()));
    if (!back) co_return disturbed("READ " + to_string(back.error()));
    if (!equal(*back, data)) co_return disturbed("it reads what it did not write");
    co_await ports::sleep_for(client.loop(), client.rng().below(40'000));
  }
  scene.counters().named["good client's rounds"] += rounds;
  if (NtStatus status = co_await close(client, file->id); status != NtStatus::kSuccess)
    disturbed("CLOSE " + to_string(status));
  client.disconnect();
}

/// Sends spoiled requests at every stage of a session.
class HostileStory {
 public:
  HostileStory(Scene& scene, Client& client) : scene_(scene), client_(client), rng_(client.rng()) {
    client_.on_request = [this](const smb2::Header& header, Bytes message) {
      if (header.command == Command::kNegotiate || header.command == Command::kSessionSetup)
        early_.push_back({header.command, to_vec(message)});
    };
  }

  Task<void> mutations(std::uint64_t each, bool& done);
  Task<void> truncations(bool& done);

 private:
  enum class Stage { kConnected, kNegotiated, kInSetup, kReady };

  bool failed() const { return scene_.world().failed(); }
  Task<bool> get_ready(Stage stage);
  Task<void> fire(Part part);
  Task<void> settle();
  Task<void> hang_up();
  void clear_disk();
  Stage some_stage(Command command);

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  std::vector<Part> early_;
  std::vector<Part> valid_;
  Stage stage_ = Stage::kConnected;
  std::size_t firing_ = 0;
  std::uint64_t since_connect_ = 0;
  /// Attempts to get ready since the last that succeeded.
  int refused_ = 0;
};

/// What the spoiled requests have made is taken away beside the server, as if by another program.
void HostileStory::clear_disk() {
  Node& root = *scene_.vfs().root();
  if (refused_ == 0 && root.entries.size() < 40) {
    std::shared_ptr<Node> evil = scene_.vfs().find("evil");
    if (evil == nullptr || evil->entries.size() < 40) return;
  }
  for (auto entry = root.entries.begin(); entry != root.entries.end();) {
    if (entry->first == "GOOD FILE") {
      ++entry;
    } else {
      entry->second.node->links.clear();
      entry = root.entries.erase(entry);
    }
  }
}

Task<void> HostileStory::hang_up() {
  if (client_.connected()) client_.abort();
  co_await client_.closed();
  while (firing_ != 0) co_await ports::sleep_for(client_.loop(), 500);
}

/// Brings a new connection to this stage.
Task<bool> HostileStory::get_ready(Stage stage) {
  co_await hang_up();
  clear_disk();
  early_.clear();
  ++scene_.counters().named["hostile connections"];
  client_.spoil_message = nullptr;
  client_.spoil_frame = nullptr;
  since_connect_ = 0;
  stage_ = stage;
  if (stage == Stage::kReady && ++refused_ == 20)
    scene_.world().fail("the hostile client is not admitted any more");
  client_.connect_transport();
  if (stage == Stage::kConnected) co_return true;
  if (co_await client_.negotiate() != NtStatus::kSuccess) co_return false;
  if (stage == Stage::kNegotiated) co_return true;
  if (stage == Stage::kInSetup)
    co_return co_await client_.logon_first_leg() == NtStatus::kMoreProcessingRequired;
  if (co_await client_.logon() != NtStatus::kSuccess ||
      co_await client_.tree_connect("data") != NtStatus::kSuccess)
    co_return false;
  OpenArgs directory;
  directory.path = "evil";
  directory.options = smb2::CreateOptions::kDirectoryFile;
  Result<OpenFile> dir = co_await open(client_, directory);
  OpenArgs file;
  file.path = "evil\\file";
  Result<OpenFile> opened = co_await open(client_, file);
  if (!dir || !opened) co_return false;
  valid_ = valid_requests(client_, opened->id, dir->id);
  for (const Part& part : early_) valid_.push_back(part);
  refused_ = 0;
  co_return true;
}

Task<void> HostileStory::fire(Part part) {
  ++firing_;
  std::vector<Part> one;
  one.push_back(std::move(part));
  (void)co_await client_.compound(std::move(one));
  --firing_;
}

/// Long enough for what is answered at once.
Task<void> HostileStory::settle() {
  co_await ports::sleep_for(client_.loop(), rng_.between(500, 4'000));
}

HostileStory::Stage HostileStory::some_stage(Command command) {
  bool early = command == Command::kNegotiate || command == Command::kSessionSetup;
  if (!rng_.one_in(early ? 3 : 60)) return Stage::kReady;
  return static_cast<Stage>(rng_.below(3));
}

Task<void> HostileStory::mutations(std::uint64_t each, bool& done) {
  bool ready = co_await get_ready(Stage::kReady);
  if (!ready) scene_.world().fail("the hostile client cannot begin");
  std::size_t kinds = valid_.size();
  for (std::uint64_t i = 0; i < each * kinds && !failed(); ++i) {
    std::size_t kind = i % kinds;
    Stage stage = some_stage(kind < valid_.size() ? valid_[kind].command : Command::kEcho);
    bool exhausted = !client_.connected() || client_.credits() < 8 || since_connect_ > 300;
    while (exhausted || stage != stage_) {
      if (failed()) break;
      ready = co_await get_ready(stage);
      exhausted = !ready;
    }
    if (failed()) break;
    Part part = valid_[kind % valid_.size()];
    ByteVec other = valid_[rng_.below(valid_.size())].message;
    client_.spoil_message = [this, &other](ByteVec& message) { mutate(message, other, rng_); };
    client_.spoil_frame = nullptr;
    if (rng_.one_in(40)) {
      client_.spoil_frame = [this](MutBytes frame) {
        if (!frame.empty()) frame[rng_.below(std::min<std::size_t>(frame.size(), 80))] ^= 0x21;
      };
    }
    spawn(fire(std::move(part)));
    client_.spoil_message = nullptr;
    client_.spoil_frame = nullptr;
    ++since_connect_;
    ++scene_.counters().named["spoiled requests"];
    if (rng_.one_in(4) || stage_ != Stage::kReady) co_await settle();
  }
  co_await hang_up();
  done = true;
}

Task<void> HostileStory::truncations(bool& done) {
  bool ready = co_await get_ready(Stage::kReady);
  if (!ready) scene_.world().fail("the hostile client cannot begin");
  for (std::size_t kind = 0; kind < valid_.size() && !failed(); ++kind) {
    for (std::size_t length = 0; length <= valid_[kind].message.size() && !failed(); ++length) {
      while (!failed() && (!client_.connected() || client_.credits() < 8 || since_connect_ > 300)) {
        ready = co_await get_ready(Stage::kReady);
        if (!ready) continue;
      }
      client_.spoil_message = [length](ByteVec& message) { message.resize(length); };
      spawn(fire(valid_[kind]));
      client_.spoil_message = nullptr;
      ++since_connect_;
      ++scene_.counters().named["truncated requests"];
      // What is too short for a header ends the connection; give it time to.
      if (length < smb2::kHeaderSize || rng_.one_in(3)) co_await settle();
    }
  }
  co_await hang_up();
  done = true;
}

void run_against_good_client(Scene& scene,
                             const std::function<Task<void>(HostileStory&, bool&)>& attack) {
  ClientOptions hostile = scene.some_options("mallory's client");
  hostile.user = "mallory";
  hostile.strict = false;
  Client& attacker = scene.add_client(hostile);
  Client& victim = scene.add_client(scene.some_options("good client"));
  HostileStory story(scene, attacker);
  bool done = false;
  scene.start(attack(story, done));
  scene.start(good_client(scene, victim, done));
  scene.run(40'000'000'000'000);
  scene.expect_nothing_left();
}

}  // namespace

void run_hostile(Scene& scene, const RunOptions& options) {
  run_against_good_client(scene, [&options](HostileStory& story, bool& done) {
    return story.mutations(options.mutations, done);
  });
}

void run_truncations(Scene& scene, const RunOptions&) {
  run_against_good_client(scene,
                          [](HostileStory& story, bool& done) { return story.truncations(done); });
}

}  // namespace holdfast::sim
