// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "sim/client/operations.h"
#include "sim/workloads/workload.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using wire::fscc::FileAction;

constexpr std::uint32_t kNames =
    smb2::CompletionFilter::kFileName | smb2::CompletionFilter::kDirName;
/// Made when everybody else has finished: who has heard of it has heard of all.
constexpr const char* kLast = "the last one";

/// What all stories of one run share.
struct Stage {
  std::size_t working = 0;
  bool watching = false;
  /// Names given to something in the watched directory, by creations and renames.
  std::uint64_t arrivals = 0;
};

/// One client changes names of its own; so does a local program. Names are never shared: whoever
/// has been answered has been reported, so each name's news are in order.
class Changer {
 public:
  /// Without a client: a local program.
  Changer(Scene& scene, Client* client, ports::Executor& loop, Stage& stage, std::string prefix)
      : scene_(scene),
        client_(client),
        loop_(loop),
        rng_(scene.world().seed(), 1000 + static_cast<std::uint64_t>(prefix[0])),
        stage_(stage),
        prefix_(std::move(prefix)) {}

  Task<void> run(std::uint64_t rounds);

 private:
  Task<bool> begin();
  Task<void> change();
  Task<void> change_locally();
  std::string fresh() { return prefix_ + std::to_string(next_++); }
  void wrong(const std::string& what) { scene_.world().fail(prefix_ + ": " + what); }
  ports::Executor& loop() { return loop_; }

  Scene& scene_;
  Client* client_;
  ports::Executor& loop_;
  Rng rng_;
  Stage& stage_;
  std::string prefix_;
  std::uint64_t next_ = 0;
  std::vector<std::string> mine_;
};

Task<bool> Changer::begin() {
  if (client_ == nullptr) co_return true;
  bool in = co_await client_->connect() == NtStatus::kSuccess &&
            co_await client_->logon() == NtStatus::kSuccess &&
            co_await client_->tree_connect("data") == NtStatus::kSuccess;
  if (!in) wrong("cannot connect");
  co_return in;
}

Task<void> Changer::change_locally() {
  MemoryVfs& vfs = scene_.vfs();
  co_await ports::sleep_for(loop(), rng_.below(3'000));
  if (mine_.empty() || rng_.one_in(3)) {
    mine_.push_back(fresh());
    if (!vfs.local_create("w/" + mine_.back())) co_return wrong("cannot create");
    ++stage_.arrivals;
  } else if (rng_.one_in(2)) {
    std::string name = fresh();
    if (!vfs.local_rename("w/" + mine_.back(), "w/" + name)) co_return wrong("cannot rename");
    mine_.back() = name;
    ++stage_.arrivals;
  } else {
    if (!vfs.local_remove("w/" + mine_.back())) co_return wrong("cannot remove");
    mine_.pop_back();
  }
  if (rng_.one_in(30)) vfs.local_overflow();
}

Task<void> Changer::change() {
  bool make = mine_.empty() || rng_.one_in(3);
  if (make) mine_.push_back(fresh());
  OpenArgs args;
  args.path = "w\\" + mine_.back();
  args.disposition = make ? smb2::CreateDisposition::kCreate : smb2::CreateDisposition::kOpen;
  Result<OpenFile> file = co_await open(*client_, args);
  if (!file) co_return wrong("CREATE of " + args.path + " got " + to_string(file.error()));
  if (make) ++stage_.arrivals;
  NtStatus status = NtStatus::kSuccess;
  if (!make && rng_.one_in(2)) {
    std::string name = fresh();
    status = co_await rename(*client_, file->id, "w\\" + name, false);
    mine_.back() = name;
    ++stage_.arrivals;
  } else if (!make) {
    status = co_await set_delete(*client_, file->id, true);
    mine_.pop_back();
  }
  if (status != NtStatus::kSuccess) co_return wrong("SET_INFO got " + to_string(status));
  status = co_await close(*client_, file->id);
  if (status != NtStatus::kSuccess) wrong("CLOSE got " + to_string(status));
}

Task<void> Changer::run(std::uint64_t rounds) {
  if (co_await begin()) {
    while (!stage_.watching && !scene_.world().failed()) co_await ports::sleep_for(loop(), 1'000);
    for (std::uint64_t i = 0; i < rounds && !scene_.world().failed(); ++i) {
      if (client_ != nullptr) {
        co_await change();
      } else {
        co_await change_locally();
      }
    }
    if (client_ != nullptr) client_->disconnect();
  }
  --stage_.working;
}

/// Keeps a list of the names in the watched directory by what it is told, and looks when it is told
/// to look. In the end the list must be what is there.
class Watcher {
 public:
  Watcher(Scene& scene, Client& client, Stage& stage)
      : scene_(scene), client_(client), rng_(client.rng()), stage_(stage) {}
  Task<void> run();

 private:
  bool failed() const { return scene_.world().failed(); }
  void wrong(const std::string& what) { scene_.world().fail("watcher: " + what); }
  Task<bool> begin();
  Task<void> watch();
  Task<void> ask();
  Task<void> lose_patience(std::shared_ptr<std::uint64_t> message_id);
  void hear(const smb2::ChangeNotifyResponse& response);
  Task<std::set<std::string>> look();
  Task<void> finish();

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  Stage& stage_;
  OpenFile watched_;
  OpenFile directory_;
  bool tree_ = false;
  std::uint32_t room_ = 4096;
  std::set<std::string> names_;
  bool done_ = false;
  bool looked_ = false;
  /// The last name was in a listing: its own news may have been lost, those behind it not.
  bool last_seen_ = false;
  bool finished_ = false;
  std::uint64_t arrivals_ = 0;
};

Task<bool> Watcher::begin() {
  bool in = co_await client_.connect() == NtStatus::kSuccess &&
            co_await client_.logon() == NtStatus::kSuccess &&
            co_await client_.tree_connect("data") == NtStatus::kSuccess;
  OpenArgs args;
  args.path = "w";
  // Not to delete it, which would keep others from renaming into it.
  args.access = smb2::FileAccess::kListDirectory | smb2::FileAccess::kReadAttributes;
  args.options = smb2::CreateOptions::kDirectoryFile;
  Result<OpenFile> made = co_await open(client_, args);
  if (!in || !made) {
    wrong("cannot begin");
    co_return false;
  }
  directory_ = *made;
  tree_ = rng_.one_in(2);
  if (tree_) args.path = "";
  Result<OpenFile> watched = co_await open(client_, args);
  if (!watched) {
    wrong("cannot open what is to be watched");
    co_return false;
  }
  watched_ = *watched;
  room_ = rng_.one_in(3) ? static_cast<std::uint32_t>(rng_.between(40, 400)) : 4096;
  co_return true;
}

Task<void> Watcher::lose_patience(std::shared_ptr<std::uint64_t> message_id) {
  co_await ports::sleep_for(client_.loop(), rng_.below(4'000));
  if (*message_id != 0) client_.cancel(*message_id);
}

void Watcher::hear(const smb2::ChangeNotifyResponse& response) {
  auto changes = wire::fscc::decode_notify_list(response.output_buffer);
  if (!changes || changes->empty()) return wrong("an answer without changes");
  for (const auto& change : *changes) {
    std::string_view name = change.file_name;
    if (tree_) {
      if (!name.starts_with("w\\")) return wrong("heard of " + change.file_name);
      name.remove_prefix(2);
    }
    switch (change.action) {
      case FileAction::kAdded:
      case FileAction::kRenamedNewName:
        names_.emplace(name);
        ++arrivals_;
        break;
      case FileAction::kRemoved:
      case FileAction::kRenamedOldName: names_.erase(std::string(name)); break;
      default: return wrong("heard of an action that nobody asked for");
    }
    done_ = done_ || name == kLast;
  }
}

Task<std::set<std::string>> Watcher::look() {
  std::set<std::string> names;
  auto entries = co_await list(client_, directory_.id, "*", 65'536);
  if (!entries)
    wrong("cannot list: " + to_string(entries.error()));
  else
    for (const auto& entry : *entries) names.insert(entry.file_name);
  co_return names;
}

Task<void> Watcher::ask() {
  auto message_id = std::make_shared<std::uint64_t>(0);
  if (last_seen_ || rng_.one_in(5)) spawn(lose_patience(message_id));
  Answer answer =
      co_await client_.call(notify_part(watched_.id, kNames, tree_, room_), message_id.get());
  *message_id = 0;
  if (answer.lost) co_return wrong("lost its connection");
  if (answer.status == NtStatus::kCancelled) {
    // Whoever waits has been told everything.
    done_ = done_ || last_seen_;
    co_return;
  }
  if (answer.status == NtStatus::kNotifyEnumDir) {
    looked_ = true;
    names_ = co_await look();
    // A listing is not of one moment: what was removed while it was made may be in it beside what
    // came later, and is still to be heard of.
    last_seen_ = last_seen_ || names_.contains(kLast);
    co_return;
  }
  if (answer.status != NtStatus::kSuccess)
    co_return wrong("CHANGE_NOTIFY got " + to_string(answer.status));
  smb2::ChangeNotifyResponse response;
  if (!decode(answer.message, response)) co_return wrong("an answer that is none");
  hear(response);
}

/// When all others have finished, makes the last name.
Task<void> Watcher::finish() {
  while (stage_.working != 0 && !failed()) co_await ports::sleep_for(client_.loop(), 2'000);
  if (failed()) co_return;
  OpenArgs args;
  args.path = std::string("w\\") + kLast;
  // Its news may come before the answer.
  ++stage_.arrivals;
  Result<OpenFile> file = co_await open(client_, args);
  if (!file || co_await close(client_, file->id) != NtStatus::kSuccess)
    wrong("cannot make the last name");
  finished_ = true;
}

Task<void> Watcher::watch() {
  // The first request begins the watch; only then may anything happen.
  auto first = std::make_shared<std::uint64_t>(0);
  spawn(lose_patience(first));
  Answer answer =
      co_await client_.call(notify_part(watched_.id, kNames, tree_, room_), first.get());
  *first = 0;
  if (answer.status != NtStatus::kCancelled)
    co_return wrong("the first CHANGE_NOTIFY got " + to_string(answer.status));
  stage_.watching = true;
  spawn(finish());
  while (!done_ && !failed()) {
    if (rng_.one_in(3)) co_await ports::sleep_for(client_.loop(), rng_.below(30'000));
    co_await ask();
  }
}

Task<void> Watcher::run() {
  if (!co_await begin()) co_return;
  co_await watch();
  while (!finished_ && !failed()) co_await ports::sleep_for(client_.loop(), 1'000);
  if (failed()) co_return;
  std::set<std::string> there = co_await look();
  if (failed()) co_return;
  if (there != names_) {
    std::string difference;
    for (const auto& name : there)
      if (!names_.contains(name)) difference += " +" + name;
    for (const auto& name : names_)
      if (!there.contains(name)) difference += " -" + name;
    co_return wrong("the list kept by notifications is not what is there:" + difference);
  }
  if (!looked_ && arrivals_ != stage_.arrivals)
    co_return wrong("heard of " + std::to_string(arrivals_) + " new names of " +
                    std::to_string(stage_.arrivals));
  ++scene_.counters().named[looked_ ? "watched, told to look" : "watched, told everything"];
  client_.disconnect();
}

}  // namespace

void run_notify(Scene& scene, const RunOptions&) {
  Stage stage;
  Client& watching = scene.add_client(scene.some_options("watcher"));
  Watcher watcher(scene, watching, stage);
  scene.start(watcher.run());
  std::vector<std::unique_ptr<Changer>> changers;
  for (const char* name : {"a", "b"}) {
    Client& client = scene.add_client(scene.some_options(name));
    changers.push_back(std::make_unique<Changer>(scene, &client, client.loop(), stage, name));
  }
  if (scene.rng().one_in(2)) {
    changers.push_back(std::make_unique<Changer>(scene, nullptr, watching.loop(), stage, "local"));
  }
  stage.working = changers.size();
  for (auto& changer : changers) scene.start(changer->run(scene.rng().between(5, 80)));
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
