// SPDX-License-Identifier: Apache-2.0
#include "sim/client/operations.h"
#include "sim/workloads/workload.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

/// A client that loses its connection again and again, with requests in flight.
class ChaosStory {
 public:
  ChaosStory(Scene& scene, Client& client) : scene_(scene), client_(client), rng_(client.rng()) {}

  Task<void> run(std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void count(const char* name) { ++scene_.counters().named[name]; }
  /// What no fault of the network explains.
  void check(NtStatus status, const char* what) {
    if (status == NtStatus::kInternalError || status == NtStatus::kInvalidNetworkResponse ||
        status == NtStatus::kAccessDenied || status == NtStatus::kInvalidParameter)
      scene_.world().fail(client_.options().name + ": " + what + " got " + to_string(status));
  }
  void start(Task<void> task) { spawn(tell(std::move(task))); }
  Task<void> tell(Task<void> task) {
    ++running_;
    co_await task;
    --running_;
  }

  Task<void> round();
  Task<bool> log_on();
  Task<void> one_file(std::uint64_t number);
  Task<void> wait_for_lock(smb2::FileId id);
  Task<void> lose_patience(std::shared_ptr<std::uint64_t> message_id);
  Task<void> watch();
  Task<void> make_and_remove();
  Task<void> echo_some();
  Task<void> end_somehow();
  Task<void> log_off();

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  std::uint64_t previous_ = 0;
  std::size_t running_ = 0;
};

Task<bool> ChaosStory::log_on() {
  NtStatus status = co_await client_.connect();
  if (status == NtStatus::kConnectionDisconnected) co_return false;
  check(status, "NEGOTIATE");
  if (rng_.one_in(15)) {
    (void)co_await client_.logon_first_leg();
    co_return false;
  }
  std::uint64_t previous = rng_.one_in(3) ? 0 : previous_;
  status = co_await client_.logon(previous);
  if (status != NtStatus::kSuccess) {
    check(status, "SESSION_SETUP");
    co_return false;
  }
  if (previous != 0 && previous != client_.session_id()) {
    count("log-on with previous session");
    if (scene_.server().sessions().find(previous) != nullptr)
      scene_.world().fail(client_.options().name + ": the previous session lives on");
  }
  previous_ = client_.session_id();
  status = co_await client_.tree_connect("data");
  check(status, "TREE_CONNECT");
  co_return status == NtStatus::kSuccess;
}

Task<void> ChaosStory::one_file(std::uint64_t number) {
  OpenArgs args;
  args.path = "file " + std::to_string(number);
  if (rng_.one_in(4)) args.options |= smb2::CreateOptions::kDeleteOnClose;
  if (rng_.one_in(6)) args.share = smb2::ShareAccess::kRead;
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) {
    check(file.error(), "CREATE");
    co_return;
  }
  if (rng_.one_in(2)) start(wait_for_lock(file->id));
  for (std::uint64_t i = rng_.below(6); i != 0; --i) {
    ByteVec data(rng_.between(1, 40'000), 0x5A);
    NtStatus status = co_await write(client_, file->id, rng_.below(100'000), std::move(data));
    check(status, "WRITE");
    Result<ByteVec> back = co_await read(client_, file->id, rng_.below(100'000), 30'000);
    if (!back) check(back.error(), "READ");
  }
  check(co_await flush(client_, file->id), "FLUSH");
  if (rng_.one_in(2)) check(co_await close(client_, file->id), "CLOSE");
}

Task<void> ChaosStory::lose_patience(std::shared_ptr<std::uint64_t> message_id) {
  ports::Stream* connection = client_.stream();
  co_await ports::sleep_for(client_.loop(), rng_.below(5'000));
  if (*message_id != 0 && client_.stream() == connection) client_.cancel(*message_id);
}

Task<void> ChaosStory::wait_for_lock(smb2::FileId id) {
  auto message_id = std::make_shared<std::uint64_t>(0);
  if (rng_.one_in(3)) start(lose_patience(message_id));
  NtStatus status = co_await lock(client_, id, rng_.below(3) * 100, 100,
                                  smb2::LockElement::kFlagExclusiveLock, message_id.get());
  check(status, "LOCK");
  if (status == NtStatus::kCancelled) count("lock cancelled");
  if (status == NtStatus::kSuccess && rng_.one_in(2))
    check(co_await lock(client_, id, 100, 100, smb2::LockElement::kFlagUnlock), "unlock");
}

Task<void> ChaosStory::watch() {
  OpenArgs args;
  args.path = "";
  args.options = smb2::CreateOptions::kDirectoryFile;
  args.access = access::kRead;
  Result<OpenFile> root = co_await open(client_, args);
  if (!root) co_return check(root.error(), "CREATE of the root");
  for (int i = 0; i < 3; ++i) {
    Answer answer = co_await client_.call(notify_part(root->id, 0xFFF, rng_.one_in(2)));
    if (answer.lost) co_return;
    check(answer.status, "CHANGE_NOTIFY");
    if (answer.status == NtStatus::kSuccess) count("change told");
    if (answer.status != NtStatus::kSuccess) break;
  }
  (void)co_await close(client_, root->id);
}

Task<void> ChaosStory::make_and_remove() {
  for (int i = 0; i < 4; ++i) {
    OpenArgs args;
    args.path = "temporary of " + client_.options().name + std::to_string(rng_.below(3));
    args.options = smb2::CreateOptions::kDeleteOnClose;
    Result<OpenFile> file = co_await open(client_, args);
    if (!file) {
      check(file.error(), "CREATE");
      continue;
    }
    check(co_await close(client_, file->id), "CLOSE");
  }
}

Task<void> ChaosStory::echo_some() {
  for (int i = 0; i < 5; ++i) {
    Answer answer = co_await client_.call(echo_part());
    if (!answer.lost) check(answer.status, "ECHO");
  }
}

Task<void> ChaosStory::log_off() {
  NtStatus status = co_await client_.logoff();
  check(status, "LOGOFF");
  if (status == NtStatus::kSuccess) count("log-off in flight");
}

Task<void> ChaosStory::end_somehow() {
  if (!client_.connected()) co_return;
  switch (rng_.below(8)) {
    case 0:
      count("reset");
      scene_.network().reset(*client_.stream());
      break;
    case 1:
      count("half-open");
      scene_.network().half_open(*client_.stream(), rng_.between(1'000, 90'000'000));
      break;
    case 2:
      count("abort");
      client_.abort();
      break;
    case 3: co_await log_off(); [[fallthrough]];
    case 4: client_.disconnect(); break;
    case 5: {
      count("half a frame");
      ByteVec half(rng_.between(1, 200), 0xFE);
      client_.send_octets(half, static_cast<std::uint32_t>(rng_.between(half.size() + 1, 100'000)));
      if (rng_.one_in(3)) break;  // the server gives up
      co_await ports::sleep_for(client_.loop(), rng_.below(70'000'000));
      client_.abort();
      break;
    }
    case 6:
      count("session ended by the administrator");
      if (client_.session_id() != 0) scene_.server().close_session(client_.session_id());
      co_await ports::sleep_for(client_.loop(), rng_.below(20'000));
      co_await echo_some();
      client_.disconnect();
      break;
    default:
      count("garbage");
      ByteVec garbage(rng_.between(4, 300));
      for (std::uint8_t& octet : garbage) octet = static_cast<std::uint8_t>(rng_.u64());
      client_.send_octets(garbage, static_cast<std::uint32_t>(garbage.size()));
      break;
  }
  co_await client_.closed();
}

Task<void> ChaosStory::round() {
  bool ready = co_await log_on();
  if (ready) {
    for (std::uint64_t i = rng_.between(1, 4); i != 0; --i) start(one_file(rng_.below(4)));
    if (rng_.one_in(2)) start(watch());
    if (rng_.one_in(2)) start(make_and_remove());
    if (rng_.one_in(2)) start(echo_some());
    if (rng_.one_in(5)) start(log_off());
    co_await ports::sleep_for(client_.loop(), rng_.below(rng_.one_in(3) ? 100'000 : 8'000));
  }
  co_await end_somehow();
  co_await client_.closed();
  while (running_ != 0) co_await ports::sleep_for(client_.loop(), 1'000);
}

Task<void> ChaosStory::run(std::uint64_t rounds) {
  for (std::uint64_t i = 0; i < rounds && !failed(); ++i) co_await round();
}

}  // namespace

void run_chaos(Scene& scene, const RunOptions&) {
  scene.network().conditions().window = scene.rng().between(2'000, 300'000);
  std::vector<std::unique_ptr<ChaosStory>> stories;
  std::uint64_t clients = scene.rng().between(2, 4);
  for (std::uint64_t i = 0; i < clients; ++i) {
    Client& client = scene.add_client(scene.some_options("client " + std::to_string(i)));
    stories.push_back(std::make_unique<ChaosStory>(scene, client));
    scene.start(stories.back()->run(scene.rng().between(2, 8)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
