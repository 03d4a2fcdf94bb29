// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "sim/client/operations.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
namespace State = smb2::LeaseState;

constexpr std::size_t kFiles = 2;
constexpr std::uint32_t kSize = 8;

/// What is true of the files, whoever keeps it to himself at the moment.
struct Truth {
  std::uint64_t value[kFiles] = {};
  /// Who may write without asking: at most one.
  std::string writer[kFiles];
  std::uint64_t last = 0;
  /// The files are there.
  bool ready = false;
};

/// A client with leases and oplocks: it writes into its own memory as long as it holds write
/// caching, and brings the data back when it is asked to. The oracle: while a file is open, what
/// the server says of it is what the last writer left, because nobody can come to write caching
/// meanwhile; and nobody has write caching beside somebody else.
class LeaseStory {
 public:
  LeaseStory(Scene& scene, Client& client, Truth& truth, bool makes_files)
      : scene_(scene),
        client_(client),
        rng_(client.rng()),
        truth_(truth),
        makes_files_(makes_files) {}

  Task<void> run(std::uint64_t rounds);

 private:
  struct Held {
    smb2::FileId id;
    bool open = false;
    bool is_lease = false;
    Guid key;
    std::uint32_t state = 0;
    std::uint64_t value = 0;
    bool dirty = false;
    bool writing = false;
    /// Breaks under way: the data is being brought back.
    int breaking = 0;
  };

  bool failed() const { return scene_.world().failed(); }
  void wrong(const std::string& what) { scene_.world().fail(client_.options().name + ": " + what); }
  Task<void> make_files();
  Task<void> one_file(std::size_t number);
  Task<void> exclusive(std::size_t number);
  Task<void> write_back(std::size_t number);
  Task<void> lease_break(std::size_t number, smb2::LeaseBreakNotification notice);
  Task<void> oplock_break(std::size_t number, smb2::OplockLevel level);
  Task<void> check(std::size_t number);
  void set_state(std::size_t number, std::uint32_t state);
  Task<void> close_file(std::size_t number);

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  Truth& truth_;
  bool makes_files_;
  Held held_[kFiles];
};

void LeaseStory::set_state(std::size_t number, std::uint32_t state) {
  bool had = (held_[number].state & State::kWriteCaching) != 0;
  bool has = (state & State::kWriteCaching) != 0;
  held_[number].state = state;
  std::string& writer = truth_.writer[number];
  if (has && !had) {
    if (!writer.empty()) return wrong("may write beside " + writer);
    writer = client_.options().name;
  }
  if (had && !has) writer.clear();
}

Task<void> LeaseStory::write_back(std::size_t number) {
  Held& held = held_[number];
  // Nothing is given back while data is on its way.
  while (held.writing && !failed()) co_await ports::sleep_for(client_.loop(), 200);
  if (!held.dirty) co_return;
  held.dirty = false;
  held.writing = true;
  ByteVec data(kSize);
  store_u64(data.data(), held.value);
  NtStatus status = co_await write(client_, held.id, 0, std::move(data));
  held.writing = false;
  if (status != NtStatus::kSuccess) wrong("WRITE of cached data got " + to_string(status));
}

/// Everything the client may do when it is asked: bring the data back and give back as much as is
/// asked, or all; or close; or say nothing at all, which costs it everything.
Task<void> LeaseStory::lease_break(std::size_t number, smb2::LeaseBreakNotification notice) {
  Held& held = held_[number];
  if (!held.open || held.key != notice.lease_key) co_return;
  ++held.breaking;
  co_await ports::sleep_for(client_.loop(), rng_.below(3'000));
  smb2::FileId id = held.id;
  co_await write_back(number);
  bool same = held.open && held.id.volatile_id == id.volatile_id && held.key == notice.lease_key;
  if (same) {
    std::uint32_t keeps = rng_.one_in(5) ? 0 : notice.new_lease_state;
    bool answers = (notice.flags & smb2::LeaseFlags::kBreakAckRequired) != 0 && !rng_.one_in(12);
    set_state(number, answers ? keeps : held.state & notice.new_lease_state);
    if (answers) {
      NtStatus status = co_await acknowledge(client_, notice.lease_key, keeps);
      // Closed meanwhile by the story, or too late.
      if (status != NtStatus::kSuccess && status != NtStatus::kObjectNameNotFound &&
          status != NtStatus::kUnsuccessful)
        wrong("the acknowledgement got " + to_string(status));
    } else if ((notice.flags & smb2::LeaseFlags::kBreakAckRequired) != 0) {
      set_state(number, 0);
    }
    ++scene_.counters().named["lease breaks"];
  }
  --held.breaking;
}

Task<void> LeaseStory::oplock_break(std::size_t number, smb2::OplockLevel level) {
  Held& held = held_[number];
  ++held.breaking;
  co_await ports::sleep_for(client_.loop(), rng_.below(3'000));
  smb2::FileId id = held.id;
  bool had_more = (held.state & State::kWriteCaching) != 0;
  co_await write_back(number);
  if (held.open && held.id.volatile_id == id.volatile_id) {
    set_state(number, level == smb2::OplockLevel::kII ? State::kReadCaching : 0);
    if (had_more && !rng_.one_in(12)) {
      NtStatus status = co_await acknowledge(client_, id, level);
      if (status != NtStatus::kSuccess && status != NtStatus::kFileClosed &&
          status != NtStatus::kInvalidOplockProtocol)
        wrong("the acknowledgement got " + to_string(status));
    } else if (had_more) {
      set_state(number, 0);
    }
    ++scene_.counters().named["oplock breaks"];
  }
  --held.breaking;
}

Task<void> LeaseStory::check(std::size_t number) {
  Held& held = held_[number];
  if (held.dirty || (held.state & State::kWriteCaching) != 0) {
    if (held.value != truth_.value[number]) wrong("a writer's own memory is stale");
    co_return;
  }
  Result<ByteVec> data = co_await read(client_, held.id, 0, kSize);
  if (!data || data->size() != kSize)
    co_return wrong("READ got " + to_string(data ? NtStatus::kEndOfFile : data.error()));
  if (load_u64(data->data()) != truth_.value[number])
    wrong("reads " + std::to_string(load_u64(data->data())) + " where " +
          std::to_string(truth_.value[number]) + " was left");
  held.value = load_u64(data->data());
}

Task<void> LeaseStory::close_file(std::size_t number) {
  Held& held = held_[number];
  while (held.breaking != 0 && !failed()) co_await ports::sleep_for(client_.loop(), 500);
  co_await write_back(number);
  set_state(number, 0);
  held.open = false;
  NtStatus status = co_await close(client_, held.id);
  if (status != NtStatus::kSuccess) wrong("CLOSE got " + to_string(status));
}

Task<void> LeaseStory::one_file(std::size_t number) {
  Held& held = held_[number];
  OpenArgs args;
  args.path = "shared" + std::to_string(number);
  args.access = access::kReadWrite;
  args.disposition = smb2::CreateDisposition::kOpen;
  while (held.breaking != 0 && !failed()) co_await ports::sleep_for(client_.loop(), 500);
  held = {};
  if (client_.dialect() >= smb2::Dialect::kSmb210 && !rng_.one_in(4)) {
    args.oplock = smb2::OplockLevel::kLease;
    args.lease.version = client_.dialect() >= smb2::Dialect::kSmb300 ? 2 : 1;
    args.lease.lease_state = State::kReadCaching | (rng_.one_in(4) ? 0 : State::kWriteCaching) |
                             (rng_.one_in(2) ? 0 : State::kHandleCaching);
    store_u64(args.lease.lease_key.octets.data(), ++truth_.last);
    held.key = args.lease.lease_key;
  } else {
    args.oplock = rng_.one_in(3) ? smb2::OplockLevel::kExclusive : smb2::OplockLevel::kBatch;
  }
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) {
    // Somebody has it open for himself alone.
    if (file.error() != NtStatus::kSharingViolation) wrong("CREATE got " + to_string(file.error()));
    co_return;
  }
  held.id = file->id;
  held.is_lease = file->oplock == smb2::OplockLevel::kLease;
  std::uint32_t state = file->lease.lease_state;
  if (!held.is_lease)
    state = file->oplock == smb2::OplockLevel::kNone ? 0
            : file->oplock == smb2::OplockLevel::kII ? State::kReadCaching
                                                     : State::kReadCaching | State::kWriteCaching;
  held.open = true;
  held.value = truth_.value[number];
  set_state(number, state);
  for (std::uint64_t i = rng_.between(1, 6); i > 0 && !failed(); --i) {
    bool may_write = (held.state & State::kWriteCaching) != 0 && held.breaking == 0;
    if (may_write && !rng_.one_in(3)) {
      held.value = truth_.value[number] = ++truth_.last;
      held.dirty = true;
      ++scene_.counters().named["cached writes"];
    } else if (held.breaking == 0) {
      co_await check(number);
    }
    co_await ports::sleep_for(client_.loop(), rng_.below(2'000));
  }
  if (!failed()) co_await close_file(number);
}

/// An open that shares nothing: others are asked to close what they only keep.
Task<void> LeaseStory::exclusive(std::size_t number) {
  OpenArgs args;
  args.path = "shared" + std::to_string(number);
  args.share = 0;
  args.disposition = smb2::CreateDisposition::kOpen;
  Result<OpenFile> file = co_await open(client_, args);
  if (!file) {
    if (file.error() != NtStatus::kSharingViolation)
      wrong("CREATE without sharing got " + to_string(file.error()));
    co_return;
  }
  Result<ByteVec> data = co_await read(client_, file->id, 0, kSize);
  if (data && data->size() == kSize && load_u64(data->data()) != truth_.value[number])
    wrong("alone with the file, and it is stale");
  (void)co_await close(client_, file->id);
}

Task<void> LeaseStory::make_files() {
  for (std::size_t i = 0; i < kFiles; ++i) {
    OpenArgs args;
    args.path = "shared" + std::to_string(i);
    Result<OpenFile> file = co_await open(client_, args);
    if (!file) co_return wrong("CREATE got " + to_string(file.error()));
    if (NtStatus s = co_await write(client_, file->id, 0, ByteVec(kSize)); s != NtStatus::kSuccess)
      co_return wrong("WRITE got " + to_string(s));
    (void)co_await close(client_, file->id);
  }
  truth_.ready = true;
}

Task<void> LeaseStory::run(std::uint64_t rounds) {
  client_.on_lease_break = [this](const smb2::LeaseBreakNotification& notice) {
    for (std::size_t i = 0; i < kFiles; ++i)
      if (held_[i].key == notice.lease_key) spawn(lease_break(i, notice));
  };
  client_.on_oplock_break = [this](const smb2::OplockBreak& notice) {
    for (std::size_t i = 0; i < kFiles; ++i)
      if (held_[i].open && held_[i].id.volatile_id == notice.file_id.volatile_id)
        spawn(oplock_break(i, notice.oplock_level));
  };
  NtStatus status = co_await client_.connect();
  if (status == NtStatus::kSuccess) status = co_await client_.logon();
  if (status == NtStatus::kSuccess) status = co_await client_.tree_connect("data");
  if (status != NtStatus::kSuccess) co_return wrong("cannot log on: " + to_string(status));
  if (makes_files_) co_await make_files();
  while (!truth_.ready && !failed()) co_await ports::sleep_for(client_.loop(), 1'000);
  for (std::uint64_t i = 0; i < rounds && !failed(); ++i) {
    std::size_t number = rng_.below(kFiles);
    if (rng_.one_in(5)) {
      co_await exclusive(number);
    } else {
      co_await one_file(number);
    }
  }
  client_.disconnect();
}

}  // namespace

void run_leases(Scene& scene, const RunOptions&) {
  Truth truth;
  std::vector<std::unique_ptr<LeaseStory>> stories;
  for (const char* name : {"first", "second", "third"}) {
    Client& client = scene.add_client(scene.some_options(name));
    stories.push_back(std::make_unique<LeaseStory>(scene, client, truth, stories.empty()));
    scene.start(stories.back()->run(scene.rng().between(5, 25)));
  }
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
