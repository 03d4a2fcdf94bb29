// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/client/operations.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

constexpr std::size_t kCells = 6;
constexpr std::size_t kCell = 512;

/// What all clients of this story know of the one file they share.
struct Shared {
  /// Who holds the exclusive lock of a cell; empty: nobody.
  std::string holder[kCells];
  /// What the holder before left there.
  std::uint64_t value[kCells] = {};
  /// Opens without sharing that are certainly there, and those that may be.
  int certain_exclusive = 0;
  int possible_exclusive = 0;
  /// Attempts at one so far.
  std::uint64_t begun = 0;
};

/// Several workers of several clients: counters under byte-range locks, and opens that exclude each
/// other.
class SharedStory {
 public:
  SharedStory(Scene& scene, Client& client, Shared& shared)
      : scene_(scene), client_(client), rng_(client.rng()), shared_(shared) {}

  Task<void> run(std::uint64_t workers, std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void wrong(const std::string& what) { scene_.world().fail(client_.options().name + ": " + what); }
  bool expect(NtStatus is, const char* what) {
    if (is != NtStatus::kSuccess) wrong(std::string(what) + " got " + to_string(is));
    return is == NtStatus::kSuccess;
  }
  Task<void> worker(std::uint64_t number, std::uint64_t rounds);
  Task<void> count_up(smb2::FileId id, const std::string& me);
  Task<void> lose_patience(std::shared_ptr<std::uint64_t> message_id);
  Task<void> exclude_others();

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  Shared& shared_;
  std::size_t working_ = 0;
};

Task<void> SharedStory::lose_patience(std::shared_ptr<std::uint64_t> message_id) {
  co_await ports::sleep_for(client_.loop(), rng_.below(4'000));
  if (*message_id != 0) client_.cancel(*message_id);
}

/// Takes a cell's lock, perhaps waiting for it, adds one to the number there, gives the lock back.
Task<void> SharedStory::count_up(smb2::FileId id, const std::string& me) {
  std::size_t cell = rng_.below(kCells);
  std::uint64_t at = cell * kCell;
  bool waits = !rng_.one_in(4);
  auto message_id = std::make_shared<std::uint64_t>(0);
  if (waits && rng_.one_in(4)) spawn(lose_patience(message_id));
  std::uint32_t flags =
      smb2::LockElement::kFlagExclusiveLock | (waits ? 0 : smb2::LockElement::kFlagFailImmediately);
  NtStatus status = co_await lock(client_, id, at, kCell, flags, message_id.get());
  // A CANCEL that comes late must find nothing: the id is used once.
  *message_id = 0;
  if (status == NtStatus::kCancelled || (!waits && status == NtStatus::kLockNotGranted)) co_return;
  if (!expect(status, "LOCK")) co_return;
  if (!shared_.holder[cell].empty())
    co_return wrong("holds a lock that " + shared_.holder[cell] + " holds");
  shared_.holder[cell] = me;
  Result<ByteVec> before = co_await read(client_, id, at, kCell);
  if (!before || before->size() != kCell)
    co_return wrong("READ under a lock got " +
                    to_string(before ? NtStatus::kEndOfFile : before.error()));
  for (std::size_t i = 0; i + 8 <= kCell; i += 8)
    if (load_u64(before->data() + i) != shared_.value[cell])
      co_return wrong("finds under a lock what nobody left there");
  ++shared_.value[cell];
  ByteVec after(kCell);
  for (std::size_t i = 0; i + 8 <= kCell; i += 8) store_u64(after.data() + i, shared_.value[cell]);
  if (!expect(co_await write(client_, id, at, std::move(after)), "WRITE under a lock")) co_return;
  // From the moment the request is sent somebody else may be granted it.
  shared_.holder[cell].clear();
  expect(co_await lock(client_, id, at, kCell, smb2::LockElement::kFlagUnlock), "unlock");
  ++scene_.counters().named["counted under a lock"];
}

/// An open without sharing: it may fail only because of another one, and never be granted beside
/// one.
Task<void> SharedStory::exclude_others() {
  OpenArgs args;
  args.path = "exclusive";
  args.share = 0;
  int others_before = shared_.possible_exclusive++;
  std::uint64_t begun = ++shared_.begun;
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) {
    --shared_.possible_exclusive;
    if (file.error() != NtStatus::kSharingViolation)
      co_return wrong("CREATE without sharing got " + to_string(file.error()));
    if (others_before == 0 && shared_.begun == begun) wrong("a sharing violation with nobody");
    co_return;
  }
  if (++shared_.certain_exclusive != 1) wrong("two opens without sharing at once");
  co_await ports::sleep_for(client_.loop(), rng_.below(2'000));
  --shared_.certain_exclusive;
  expect(co_await close(client_, file->id), "CLOSE");
  --shared_.possible_exclusive;
  ++scene_.counters().named["excluded others"];
}

Task<void> SharedStory::worker(std::uint64_t number, std::uint64_t rounds) {
  OpenArgs args;
  args.path = "counters";
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) {
    expect(file.error(), "CREATE");
  } else {
    std::string me = client_.options().name + " worker " + std::to_string(number);
    for (std::uint64_t i = 0; i < rounds && !failed(); ++i) {
      if (rng_.one_in(3)) {
        co_await exclude_others();
      } else {
        co_await count_up(file->id, me);
      }
    }
    if (!failed()) expect(co_await close(client_, file->id), "CLOSE");
  }
  --working_;
}

Task<void> SharedStory::run(std::uint64_t workers, std::uint64_t rounds) {
  if (!expect(co_await client_.connect(), "NEGOTIATE")) co_return;
  if (!expect(co_await client_.logon(), "SESSION_SETUP")) co_return;
  if (!expect(co_await client_.tree_connect("data"), "TREE_CONNECT")) co_return;
  OpenArgs args;
  args.path = "counters";
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) co_return wrong("CREATE got " + to_string(file.error()));
  expect(co_await set_end_of_file(client_, file->id, kCells * kCell), "SET_INFO");
  working_ = workers;
  for (std::uint64_t i = 0; i < workers; ++i) spawn(worker(i, rounds));
  while (working_ != 0 && !failed()) co_await ports::sleep_for(client_.loop(), 5'000);
  if (!failed()) expect(co_await close(client_, file->id), "CLOSE");
  client_.disconnect();
}

}  // namespace

void run_shared(Scene& scene, const RunOptions&) {
  Shared shared;
  std::vector<std::unique_ptr<SharedStory>> stories;
  for (const char* name : {"first", "second"}) {
    Client& client = scene.add_client(scene.some_options(name));
    stories.push_back(std::make_unique<SharedStory>(scene, client, shared));
    scene.start(stories.back()->run(scene.rng().between(1, 4), scene.rng().between(5, 60)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
