// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/client/operations.h"
#include "sim/workloads/channels.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
namespace State = smb2::LeaseState;

constexpr std::size_t kBlock = 3'000;
constexpr std::size_t kBlocks = 20;
constexpr std::size_t kMostChannels = 3;

/// Longer than every channel's turn with a break, and shorter than the time that the server gives
/// to answer one.
constexpr std::uint64_t kBreakReaches_us = 25'000'000;

/// One session over two or three connections that are lost at random, one by one. While one of them
/// lives, so do the session, its opens, and what they hold; and what the server has to say reaches
/// it.
class MultichannelStory {
 public:
  MultichannelStory(Scene& scene, std::string name, std::uint64_t number, Client& other)
      : scene_(scene),
        name_(std::move(name)),
        channels_(scene, name_, number, kMostChannels),
        other_(other),
        rng_(channels_.rng()) {}

  Task<void> run(std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void count(const char* what) { ++scene_.counters().named[what]; }
  void wrong(const std::string& what) { scene_.world().fail(name_ + ": " + what); }
  /// On a channel that was not lost, everything must go well.
  bool expect(NtStatus is, const char* what) {
    if (is != NtStatus::kSuccess && is != NtStatus::kConnectionDisconnected)
      wrong(std::string(what) + " got " + to_string(is));
    return is == NtStatus::kSuccess;
  }
  ports::Executor& loop() { return channels_.loop(); }

  Task<bool> set_up();
  Task<void> work();
  Task<void> write_block(std::size_t block);
  Task<void> check_block(std::size_t block);
  Task<void> check_lock();
  Task<void> give_back(Guid key, std::uint32_t state);
  Task<void> check_break();
  Task<void> try_wrong_bindings();
  Task<void> wind_up();

  Scene& scene_;
  std::string name_;
  Channels channels_;
  Client& other_;
  Rng& rng_;
  smb2::FileId file_, others_file_;
  /// What each block is full of; 0: not written yet.
  std::uint8_t content_[kBlocks] = {};
  bool settled_[kBlocks] = {};
  /// Of the file that the session keeps to itself until it is asked.
  Guid lease_;
  std::uint64_t leases_ = 0;
};

Task<bool> MultichannelStory::set_up() {
  if (!expect(co_await channels_.log_on(), "logging on")) co_return false;
  Client& first = channels_.first();
  OpenArgs args;
  args.path = name_;
  Result<OpenFile> file = co_await open(first, args);
  if (!file) co_return expect(file.error(), "CREATE");
  file_ = file->id;
  std::fill(std::begin(content_), std::end(content_), std::uint8_t{0});
  std::fill(std::begin(settled_), std::end(settled_), false);
  if (!expect(co_await lock(
                  first, file_, 1'000'000, 10,
                  smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately),
              "LOCK"))
    co_return false;
  // Somebody else looks whether the lock holds, over a connection that is not lost.
  Result<OpenFile> theirs = co_await open(other_, args);
  if (!theirs) co_return expect(theirs.error(), "CREATE of the other");
  others_file_ = theirs->id;
  co_return true;
}

Task<void> MultichannelStory::write_block(std::size_t block) {
  auto value = static_cast<std::uint8_t>(rng_.between(1, 255));
  // What was under way on a lost channel may be done after its connection has ended, so nothing
  // else is written there any more.
  if (settled_[block]) co_return;
  while (Client* channel = channels_.some()) {
    NtStatus status = co_await write(*channel, file_, block * kBlock, ByteVec(kBlock, value));
    if (status == NtStatus::kConnectionDisconnected) {
      count("write sent again");
      settled_[block] = true;
      continue;
    }
    if (expect(status, "WRITE")) content_[block] = value;
    co_return;
  }
  wrong("no channel left");
}

Task<void> MultichannelStory::check_block(std::size_t block) {
  if (content_[block] == 0) co_return;
  while (Client* channel = channels_.some()) {
    Result<ByteVec> data = co_await read(*channel, file_, block * kBlock, kBlock);
    if (!data && data.error() == NtStatus::kConnectionDisconnected) continue;
    if (!data) {
      expect(data.error(), "READ");
    } else if (*data != ByteVec(kBlock, content_[block])) {
      wrong("block " + std::to_string(block) + " is not what was written");
    }
    co_return;
  }
  wrong("no channel left");
}

Task<void> MultichannelStory::check_lock() {
  NtStatus status = co_await lock(
      other_, others_file_, 1'000'005, 1,
      smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
  if (status != NtStatus::kLockNotGranted)
    wrong("the lock of an open whose session lives: another client got " + to_string(status));
}

/// Any channel may carry the answer; its own loss only makes it come later.
Task<void> MultichannelStory::give_back(Guid key, std::uint32_t state) {
  while (Client* channel = channels_.some()) {
    NtStatus status = co_await acknowledge(*channel, key, state);
    if (status == NtStatus::kConnectionDisconnected) continue;
    // Heard twice, and answered before.
    if (status != NtStatus::kSuccess && status != NtStatus::kUnsuccessful &&
        status != NtStatus::kObjectNameNotFound)
      wrong("the acknowledgement of a break got " + to_string(status));
    co_return;
  }
}

/// The session keeps a file to itself; the other client must not wait for it longer than a break
/// takes that finds some channels dead.
Task<void> MultichannelStory::check_break() {
  OpenArgs args;
  args.path = name_ + " leased " + std::to_string(leases_);
  args.oplock = smb2::OplockLevel::kLease;
  args.lease.version = 2;
  args.lease.lease_state = State::kReadCaching | State::kWriteCaching | State::kHandleCaching;
  store_u64(args.lease.lease_key.octets.data(), ++leases_);
  lease_ = args.lease.lease_key;
  Client* channel = channels_.some();
  if (channel == nullptr) co_return wrong("no channel left");
  Result<OpenFile> file = co_await open(*channel, args);
  // Whether the lease was granted is not known.
  if (!file) co_return (void) expect(file.error(), "CREATE with a lease");
  std::uint64_t before = loop().clock().monotonic_us();
  args.oplock = smb2::OplockLevel::kNone;
  Result<OpenFile> theirs = co_await open(other_, args);
  if (!theirs) co_return (void) expect(theirs.error(), "CREATE beside a lease");
  if (loop().clock().monotonic_us() - before > kBreakReaches_us)
    wrong("a break did not reach a session with a live channel");
  count("break reached a channel");
  (void)co_await close(other_, theirs->id);
  if (Client* c = channels_.some()) (void)co_await close(*c, file->id);
}

/// A binding that must be refused changes nothing.
Task<void> MultichannelStory::try_wrong_bindings() {
  ClientOptions options = channels_.first().options();
  options.name += " astray";
  bool as_other_user = rng_.one_in(2);
  if (as_other_user) options.user = options.user == "alice" ? "bob" : "alice";
  Client& astray = scene_.add_client(options);
  if (!expect(co_await astray.connect(), "NEGOTIATE")) co_return;
  SharedSession wanted = channels_.session();
  if (!as_other_user) wanted.session_id ^= 0x5555;
  NtStatus status = co_await astray.bind(wanted);
  NtStatus right = as_other_user ? NtStatus::kAccessDenied : NtStatus::kUserSessionDeleted;
  if (status != right) wrong("a wrong binding got " + to_string(status));
  count("wrong binding refused");
  astray.disconnect();
  co_await astray.closed();
}

Task<void> MultichannelStory::work() {
  std::uint64_t steps = rng_.between(10, 40);
  for (std::uint64_t i = 0; i < steps && !failed(); ++i) {
    co_await write_block(rng_.below(kBlocks));
    co_await check_block(rng_.below(kBlocks));
    if (rng_.one_in(4)) co_await check_lock();
    if (rng_.one_in(8)) co_await check_break();
    if (rng_.one_in(12)) co_await try_wrong_bindings();
    co_await ports::sleep_for(loop(), rng_.below(4'000));
  }
  channels_.stop();
}

/// The session ends: by a log-off on any channel, or with its last connection.
Task<void> MultichannelStory::wind_up() {
  for (std::size_t i = 0; i < kBlocks && !failed(); ++i) co_await check_block(i);
  Client* one = channels_.some();
  if (one != nullptr && rng_.one_in(2)) {
    if (expect(co_await one->logoff(), "LOGOFF")) {
      count("log-off with channels");
      // The others hear of it when they ask next, sealed ones by losing the connection.
      for (Client* c : channels_.connections()) {
        if (!channels_.is_channel(*c)) continue;
        co_await ports::sleep_for(loop(), 1'000);
        Answer answer = co_await c->call(read_part(file_, 0, 10));
        if (!answer.lost && answer.status != NtStatus::kUserSessionDeleted)
          wrong("a request after the log-off got " + to_string(answer.status));
      }
    }
  }
  co_await channels_.end();
  NtStatus status = co_await lock(
      other_, others_file_, 1'000'005, 1,
      smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
  expect(status, "a lock after the session has ended");
  (void)co_await close(other_, others_file_);
}

Task<void> MultichannelStory::run(std::uint64_t rounds) {
  for (Client* c : channels_.connections())
    c->on_lease_break = [this](const smb2::LeaseBreakNotification& notice) {
      if (notice.lease_key == lease_) spawn(give_back(notice.lease_key, notice.new_lease_state));
    };
  if (!expect(co_await other_.connect(), "NEGOTIATE") ||
      !expect(co_await other_.logon(), "SESSION_SETUP") ||
      !expect(co_await other_.tree_connect("data"), "TREE_CONNECT"))
    co_return;
  for (std::uint64_t i = 0; i < rounds && !failed(); ++i) {
    if (!co_await set_up()) break;
    OneShot<bool> lost_enough;
    spawn([](Channels& channels, OneShot<bool>& done) -> Task<void> {
      co_await channels.lose_and_replace();
      done.set(true);
    }(channels_, lost_enough));
    co_await work();
    (void)co_await lost_enough;
    co_await wind_up();
  }
  other_.disconnect();
  co_await other_.closed();
}

}  // namespace

void run_multichannel(Scene& scene, const RunOptions&) {
  scene.network().conditions().window = scene.rng().between(4'000, 300'000);
  std::vector<std::unique_ptr<MultichannelStory>> stories;
  std::uint64_t sessions = scene.rng().between(1, 2);
  for (std::uint64_t i = 0; i < sessions; ++i) {
    std::string name = "session " + std::to_string(i);
    Client& other = scene.add_client(scene.some_options("watcher " + std::to_string(i)));
    stories.push_back(std::make_unique<MultichannelStory>(scene, name, i, other));
    scene.start(stories.back()->run(scene.rng().between(1, 3)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
