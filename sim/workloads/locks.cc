// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "sim/client/operations.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
namespace State = smb2::LeaseState;

constexpr std::size_t kFiles = 2;
constexpr std::size_t kCells = 4;
constexpr std::uint32_t kCell = 64;

/// What is true of the counters, whoever has them in his memory.
struct Counted {
  std::uint64_t value[kFiles][kCells] = {};
  std::string holder[kFiles][kCells];
  std::uint64_t last_key = 0;
  bool ready = false;
};

/// A client that counts under byte-range locks. It keeps what it has read, as long as its lease
/// lets it, and uses that instead of reading: whoever is granted a lock must have heard before that
/// others have written.
class LockStory {
 public:
  LockStory(Scene& scene, Client& client, Counted& counted, bool makes_files)
      : scene_(scene),
        client_(client),
        rng_(client.rng()),
        counted_(counted),
        makes_files_(makes_files) {}
  Task<void> run(std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void count(const char* what) { ++scene_.counters().named[what]; }
  void wrong(const std::string& what) { scene_.world().fail(client_.options().name + ": " + what); }
  bool may_keep() const { return (state_ & State::kReadCaching) != 0; }
  Task<void> make_files();
  Task<void> visit(std::size_t file);
  Task<void> count_up(std::size_t file, std::size_t cell);
  Task<std::optional<std::uint64_t>> value_of(std::size_t cell);
  Task<void> lease_break(smb2::LeaseBreakNotification notice);
  void set_state(std::uint32_t state);

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  Counted& counted_;
  bool makes_files_;
  smb2::FileId id_;
  Guid key_;
  std::uint32_t state_ = 0;
  /// Counts the times that the memory was forgotten.
  std::uint64_t forgotten_ = 0;
  std::optional<std::uint64_t> kept_[kCells];
  int breaking_ = 0;
};

void LockStory::set_state(std::uint32_t state) {
  state_ = state;
  if (may_keep()) return;
  ++forgotten_;
  for (auto& value : kept_) value.reset();
}

/// Nothing has to be written back: only what is kept is forgotten, at once.
Task<void> LockStory::lease_break(smb2::LeaseBreakNotification notice) {
  set_state(state_ & notice.new_lease_state);
  count("lease breaks");
  if ((notice.flags & smb2::LeaseFlags::kBreakAckRequired) == 0) co_return;
  ++breaking_;
  Guid key = notice.lease_key;
  co_await ports::sleep_for(client_.loop(), rng_.below(3'000));
  NtStatus status = co_await acknowledge(client_, key, notice.new_lease_state);
  --breaking_;
  if (status != NtStatus::kSuccess && status != NtStatus::kObjectNameNotFound &&
      status != NtStatus::kUnsuccessful)
    wrong("the acknowledgement got " + to_string(status));
}

Task<std::optional<std::uint64_t>> LockStory::value_of(std::size_t cell) {
  if (kept_[cell] && may_keep()) {
    count("read from memory");
    co_return kept_[cell];
  }
  std::uint64_t forgotten = forgotten_;
  Result<ByteVec> data = co_await read(client_, id_, cell * kCell, 8);
  if (!data || data->size() != 8) {
    wrong("READ got " + to_string(data ? NtStatus::kEndOfFile : data.error()));
    co_return std::nullopt;
  }
  std::uint64_t value = load_u64(data->data());
  // What came while the lease was broken is not kept.
  if (may_keep() && forgotten == forgotten_) kept_[cell] = value;
  co_return value;
}

Task<void> LockStory::count_up(std::size_t file, std::size_t cell) {
  NtStatus status =
      co_await lock(client_, id_, cell * kCell, kCell, smb2::LockElement::kFlagExclusiveLock);
  if (status != NtStatus::kSuccess) co_return wrong("LOCK got " + to_string(status));
  std::string& holder = counted_.holder[file][cell];
  if (!holder.empty()) co_return wrong("holds a lock that " + holder + " holds");
  holder = client_.options().name;
  std::optional<std::uint64_t> value = co_await value_of(cell);
  if (!value) co_return;
  if (*value != counted_.value[file][cell])
    co_return wrong("finds " + std::to_string(*value) + " where " +
                    std::to_string(counted_.value[file][cell]) + " was left");
  std::uint64_t next = *value + 1;
  std::uint64_t forgotten = forgotten_;
  ByteVec data(8);
  store_u64(data.data(), next);
  status = co_await write(client_, id_, cell * kCell, std::move(data));
  if (status != NtStatus::kSuccess) co_return wrong("WRITE got " + to_string(status));
  counted_.value[file][cell] = next;
  kept_[cell].reset();
  if (may_keep() && forgotten == forgotten_) kept_[cell] = next;
  // From the moment the request is sent somebody else may be granted it.
  holder.clear();
  status = co_await lock(client_, id_, cell * kCell, kCell, smb2::LockElement::kFlagUnlock);
  if (status != NtStatus::kSuccess) co_return wrong("the unlock got " + to_string(status));
  count("counted");
}

Task<void> LockStory::visit(std::size_t file) {
  OpenArgs args;
  args.path = "counters" + std::to_string(file);
  args.access = access::kReadWrite;
  args.disposition = smb2::CreateDisposition::kOpen;
  if (client_.dialect() >= smb2::Dialect::kSmb210) {
    args.oplock = smb2::OplockLevel::kLease;
    args.lease.version = client_.dialect() >= smb2::Dialect::kSmb300 ? 2 : 1;
    args.lease.lease_state = State::kReadCaching | (rng_.one_in(2) ? 0 : State::kWriteCaching) |
                             (rng_.one_in(2) ? 0 : State::kHandleCaching);
    store_u64(args.lease.lease_key.octets.data(), ++counted_.last_key);
  }
  key_ = args.lease.lease_key;
  set_state(0);
  Result<OpenFile> opened = co_await open(client_, args);
  if (!opened) co_return wrong("CREATE got " + to_string(opened.error()));
  id_ = opened->id;
  // A break that was told behind the answer has not been heard yet.
  if (opened->oplock == smb2::OplockLevel::kLease) set_state(opened->lease.lease_state);
  for (std::uint64_t i = rng_.between(1, 8); i != 0 && !failed(); --i) {
    co_await count_up(file, rng_.below(kCells));
    if (rng_.one_in(2)) co_await ports::sleep_for(client_.loop(), rng_.below(2'000));
  }
  while (breaking_ != 0 && !failed()) co_await ports::sleep_for(client_.loop(), 500);
  if (failed()) co_return;
  key_ = {};
  NtStatus status = co_await close(client_, id_);
  if (status != NtStatus::kSuccess) wrong("CLOSE got " + to_string(status));
}

Task<void> LockStory::make_files() {
  for (std::size_t i = 0; i < kFiles; ++i) {
    OpenArgs args;
    args.path = "counters" + std::to_string(i);
    Result<OpenFile> file = co_await open(client_, args);
    if (!file) co_return wrong("CREATE got " + to_string(file.error()));
    NtStatus status = co_await write(client_, file->id, 0, ByteVec(kCells * kCell));
    if (status != NtStatus::kSuccess) co_return wrong("WRITE got " + to_string(status));
    (void)co_await close(client_, file->id);
  }
  counted_.ready = true;
}

Task<void> LockStory::run(std::uint64_t rounds) {
  client_.on_lease_break = [this](const smb2::LeaseBreakNotification& notice) {
    if (key_ == notice.lease_key) spawn(lease_break(notice));
  };
  NtStatus status = co_await client_.connect();
  if (status == NtStatus::kSuccess) status = co_await client_.logon();
  if (status == NtStatus::kSuccess) status = co_await client_.tree_connect("data");
  if (status != NtStatus::kSuccess) co_return wrong("cannot log on: " + to_string(status));
  if (makes_files_) co_await make_files();
  while (!counted_.ready && !failed()) co_await ports::sleep_for(client_.loop(), 1'000);
  for (std::uint64_t i = 0; i < rounds && !failed(); ++i) co_await visit(rng_.below(kFiles));
  client_.disconnect();
}

}  // namespace

void run_locks(Scene& scene, const RunOptions&) {
  Counted counted;
  std::vector<std::unique_ptr<LockStory>> stories;
  for (const char* name : {"first", "second", "third"}) {
    Client& client = scene.add_client(scene.some_options(name));
    stories.push_back(std::make_unique<LockStory>(scene, client, counted, stories.empty()));
    scene.start(stories.back()->run(scene.rng().between(3, 15)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
