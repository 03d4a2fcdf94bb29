// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/utf16.h"
#include "sim/client/operations.h"
#include "sim/workloads/workload.h"
#include "wire/smb2/create_context.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

constexpr std::size_t kSize = 512;
constexpr int kMaxTries = 40;

/// What everybody knows of one client's file.
struct Kept {
  std::string path;
  /// Its owner certainly holds the exclusive lock of all of it.
  bool locked = false;
};

constexpr std::uint8_t kRivalOctet = 0xEE;

ByteVec content_of(std::uint64_t value) {
  ByteVec data(kSize);
  for (std::size_t i = 0; i + 8 <= kSize; i += 8) store_u64(data.data() + i, value);
  return data;
}

/// A client with one persistent open and a lock, whose connection is cut again and again.
class DurableStory {
 public:
  DurableStory(Scene& scene, Client& client, Kept& kept)
      : scene_(scene), client_(client), rng_(client.rng()), kept_(kept) {
    for (auto& octet : guid_.octets) octet = static_cast<std::uint8_t>(rng_.u64());
  }
  Task<void> run(std::uint64_t rounds);

 private:
  bool failed() const { return scene_.world().failed(); }
  void count(const char* name) { ++scene_.counters().named[name]; }
  void wrong(const std::string& what) { scene_.world().fail(client_.options().name + ": " + what); }
  void cut();
  Task<void> cut_soon(bool* done);
  Task<bool> log_on();
  Task<bool> come_back();
  Task<Result<smb2::FileId>> create(bool replay, bool reclaim);
  Task<bool> open_first();
  Task<NtStatus> lock_all(std::uint32_t flags);
  Task<bool> lock_first();
  Task<bool> check_content();
  Task<void> write_next();

  Scene& scene_;
  Client& client_;
  Rng& rng_;
  Kept& kept_;
  Guid guid_;
  smb2::FileId id_;
  std::uint64_t session_ = 0;
  /// The last value whose WRITE was acknowledged, and the one that may or may not have arrived.
  std::uint64_t value_ = 0;
  std::uint64_t attempted_ = 0;
};

void DurableStory::cut() {
  if (!client_.connected()) return;
  if (rng_.one_in(2)) {
    client_.abort();
  } else {
    scene_.network().reset(*client_.stream());
  }
}

Task<void> DurableStory::cut_soon(bool* done) {
  co_await ports::sleep_for(client_.loop(), rng_.below(3'000));
  cut();
  *done = true;
}

Task<bool> DurableStory::log_on() {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    if (co_await client_.connect() == NtStatus::kSuccess &&
        co_await client_.logon(session_) == NtStatus::kSuccess) {
      session_ = client_.session_id();
      if (co_await client_.tree_connect("kept") == NtStatus::kSuccess) co_return true;
    }
    if (client_.connected()) client_.abort();
    co_await client_.closed();
    co_await ports::sleep_for(client_.loop(), rng_.below(5'000));
  }
  wrong("cannot log on again");
  co_return false;
}

Task<Result<smb2::FileId>> DurableStory::create(bool replay, bool reclaim) {
  smb2::CreateRequest request;
  request.desired_access = access::kAll;
  request.share_access = smb2::ShareAccess::kAll;
  request.create_disposition = smb2::CreateDisposition::kOpenIf;
  ByteVec name = to_utf16le(kept_.path);
  request.name = name;
  smb2::CreateContextList contexts;
  if (reclaim) {
    contexts.durable_handle_reconnect_v2 =
        smb2::DurableHandleReconnectV2{id_, guid_, smb2::kDhandleFlagPersistent};
    contexts.query_on_disk_id = rng_.one_in(2);
  } else {
    contexts.durable_handle_request_v2 =
        smb2::DurableHandleRequestV2{0, smb2::kDhandleFlagPersistent, guid_};
  }
  Buffer chain;
  Writer writer(chain);
  encode(contexts, writer);
  request.create_contexts = chain.view();
  Part part{smb2::Command::kCreate, message_of(request)};
  part.replay = replay;
  Answer answer = co_await client_.call(std::move(part));
  if (answer.lost) co_return fail(NtStatus::kConnectionDisconnected);
  if (answer.status != NtStatus::kSuccess) co_return fail(answer.status);
  smb2::CreateResponse response;
  smb2::CreateContextResponseList granted;
  if (!decode(answer.message, response) || !decode(response.create_contexts, granted).ok())
    co_return fail(NtStatus::kInvalidNetworkResponse);
  if (!reclaim && (!granted.durable_handle_v2 ||
                   granted.durable_handle_v2->flags != smb2::kDhandleFlagPersistent))
    wrong("the handle is not persistent");
  co_return response.file_id;
}

/// The CREATE may be lost with its connection; then it is sent again.
Task<bool> DurableStory::open_first() {
  bool replay = false;
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    bool is_cut = true;
    if (rng_.one_in(3)) {
      is_cut = false;
      spawn(cut_soon(&is_cut));
    }
    Result<smb2::FileId> id = co_await create(replay, false);
    while (!is_cut) co_await ports::sleep_for(client_.loop(), 1'000);
    if (id) {
      id_ = *id;
      if (replay) count("CREATE replayed");
      if (client_.connected()) co_return true;
      co_return co_await come_back();
    }
    // The first one is still in progress, or its connection not yet known to be lost.
    if (id.error() == NtStatus::kFileNotAvailable) {
      co_await ports::sleep_for(client_.loop(), 2'000);
      continue;
    }
    if (id.error() != NtStatus::kConnectionDisconnected) {
      wrong("CREATE got " + to_string(id.error()));
      co_return false;
    }
    replay = true;
    co_await client_.closed();
    if (!co_await log_on()) co_return false;
  }
  if (!failed()) wrong("cannot open its file");
  co_return false;
}

/// Connects anew and reclaims the handle: no other outcome is right before its time is over.
Task<bool> DurableStory::come_back() {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    co_await client_.closed();
    if (rng_.one_in(4)) co_await ports::sleep_for(client_.loop(), rng_.below(20'000'000));
    if (!co_await log_on()) co_return false;
    Result<smb2::FileId> id = co_await create(false, true);
    if (id) {
      if (id->persistent != id_.persistent) wrong("the reclaimed handle has another id");
      id_ = *id;
      count("handle reclaimed");
      co_return true;
    }
    if (id.error() != NtStatus::kConnectionDisconnected) {
      wrong("the handle is lost: " + to_string(id.error()));
      co_return false;
    }
  }
  co_return false;
}

Task<NtStatus> DurableStory::lock_all(std::uint32_t flags) {
  smb2::LockRequest request;
  request.file_id = id_;
  request.lock_sequence = 1u << 4 | 3;
  request.locks.push_back({0, kSize, flags});
  Answer answer = co_await client_.call({smb2::Command::kLock, message_of(request)});
  co_return answer.lost ? NtStatus::kConnectionDisconnected : answer.status;
}

/// A LOCK whose answer is lost is sent again, and is granted once.
Task<bool> DurableStory::lock_first() {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    bool is_cut = true;
    if (rng_.one_in(3)) {
      is_cut = false;
      spawn(cut_soon(&is_cut));
    }
    NtStatus status = co_await lock_all(smb2::LockElement::kFlagExclusiveLock |
                                        smb2::LockElement::kFlagFailImmediately);
    if (status == NtStatus::kSuccess) kept_.locked = true;
    while (!is_cut) co_await ports::sleep_for(client_.loop(), 1'000);
    if (!client_.connected() && !co_await come_back()) co_return false;
    if (status == NtStatus::kSuccess) co_return true;
    // The rival may have it for a moment.
    if (status != NtStatus::kConnectionDisconnected && status != NtStatus::kLockNotGranted) {
      wrong("LOCK got " + to_string(status));
      co_return false;
    }
    co_await ports::sleep_for(client_.loop(), rng_.below(5'000));
  }
  co_return false;
}

Task<bool> DurableStory::check_content() {
  if (attempted_ == 0) co_return true;
  Result<ByteVec> data = co_await read(client_, id_, 0, kSize);
  if (!data) {
    if (data.error() == NtStatus::kConnectionDisconnected) co_return true;
    if (data.error() == NtStatus::kEndOfFile && value_ == 0) co_return true;
    wrong("READ got " + to_string(data.error()));
    co_return false;
  }
  // Before the first one it is what the rival left.
  if (value_ == 0 && *data == ByteVec(kSize, kRivalOctet)) co_return true;
  // Any of those whose answers were lost may have been the last that was done.
  for (std::uint64_t v = value_; v <= attempted_; ++v)
    if (*data == content_of(v)) {
      value_ = v;
      co_return true;
    }
  wrong("an acknowledged WRITE is lost");
  co_return false;
}

Task<void> DurableStory::write_next() {
  bool is_cut = true;
  if (rng_.one_in(2)) {
    is_cut = false;
    spawn(cut_soon(&is_cut));
  }
  for (std::uint64_t i = rng_.between(1, 5); i != 0 && client_.connected(); --i) {
    std::uint64_t next = attempted_ + 1;
    attempted_ = next;
    NtStatus status = co_await write(client_, id_, 0, content_of(next));
    if (status == NtStatus::kSuccess) {
      value_ = next;
    } else if (status != NtStatus::kConnectionDisconnected) {
      wrong("WRITE under its own lock got " + to_string(status));
    } else {
      break;
    }
  }
  while (!is_cut) co_await ports::sleep_for(client_.loop(), 1'000);
}

Task<void> DurableStory::run(std::uint64_t rounds) {
  bool ready = co_await log_on() && co_await open_first() && co_await lock_first();
  for (std::uint64_t i = 0; ready && i < rounds && !failed(); ++i) {
    co_await write_next();
    if (!client_.connected()) ready = co_await come_back();
    if (ready) ready = co_await check_content();
    if (ready && !client_.connected()) ready = co_await come_back();
  }
  kept_.locked = false;
  // Some never come back: their handles are closed when their time is over.
  if (ready && rng_.one_in(2)) (void)co_await close(client_, id_);
  if (client_.connected()) client_.abort();
}

/// Tries to get at the others' files all the time.
Task<void> rival(Scene& scene, Client& client, std::array<Kept, 3>& files, std::uint64_t rounds) {
  if (co_await client.connect() != NtStatus::kSuccess ||
      co_await client.logon() != NtStatus::kSuccess ||
      co_await client.tree_connect("kept") != NtStatus::kSuccess)
    co_return scene.world().fail("the rival cannot log on");
  for (std::uint64_t i = 0; i < rounds && !scene.world().failed(); ++i) {
    co_await ports::sleep_for(client.loop(), client.rng().below(4'000));
    Kept& kept = files[client.rng().below(files.size())];
    OpenArgs args;
    args.path = kept.path;
    args.disposition = smb2::CreateDisposition::kOpen;
    Result<OpenFile> file = co_await open(client, args);
    if (!file) {
      if (file.error() == NtStatus::kFileNotAvailable) ++scene.counters().named["kept off"];
      continue;
    }
    bool before = kept.locked;
    NtStatus status = co_await lock(
        client, file->id, 0, kSize,
        smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
    if (status == NtStatus::kSuccess && before && kept.locked)
      scene.world().fail("the rival gets a lock that somebody holds");
    // Neither locked by us nor by the other: what we wrote could come to rest after what he writes
    // once he has locked it.
    if (status == NtStatus::kSuccess || (before && kept.locked)) {
      status = co_await write(client, file->id, 0, ByteVec(kSize, kRivalOctet));
      if (status == NtStatus::kSuccess && before && kept.locked)
        scene.world().fail("the rival writes under somebody's lock");
    }
    (void)co_await close(client, file->id);
  }
  client.disconnect();
}

}  // namespace

void run_durable(Scene& scene, const RunOptions&) {
  std::array<Kept, 3> files;
  std::vector<std::unique_ptr<DurableStory>> stories;
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].path = "kept " + std::to_string(i);
    ClientOptions options = scene.some_options("client " + std::to_string(i));
    options.dialects = {scene.rng().one_in(2) ? smb2::Dialect::kSmb311 : smb2::Dialect::kSmb302};
    stories.push_back(
        std::make_unique<DurableStory>(scene, scene.add_client(std::move(options)), files[i]));
    scene.start(stories.back()->run(scene.rng().between(2, 8)));
  }
  scene.start(rival(scene, scene.add_client(scene.some_options("rival")), files,
                    scene.rng().between(10, 80)));
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
