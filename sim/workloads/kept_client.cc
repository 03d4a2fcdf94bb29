// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/kept_client.h"

#include <algorithm>

#include "base/utf16.h"
#include "sim/world/stream.h"
#include "wire/smb2/create_context.h"
#include "wire/smb2/lock.h"
#include "wire/smb2/read.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
namespace State = smb2::LeaseState;

namespace {

constexpr int kMaxTries = 400;
/// So long an answer is waited for before the connection is given up.
constexpr std::uint64_t kPatience_us = 25'000'000;
/// What it asks for, and within what of it the server must have kept a handle: the time begins
/// again when a server restores it, but clocks differ.
constexpr std::uint32_t kTimeout_ms = 120'000;
constexpr std::uint64_t kSurely_us = 110'000'000;

ByteVec block_of(std::uint64_t value) {
  ByteVec data(KeptFile::kBlock);
  for (std::size_t i = 0; i + 8 <= data.size(); i += 8) store_u64(data.data() + i, value);
  return data;
}

}  // namespace

KeptClient::KeptClient(Cluster& cluster, Client& client)
    : cluster_(cluster), client_(client), rng_(client.rng()) {
  client_.on_lease_break = [this](const smb2::LeaseBreakNotification& notice) {
    lease_broken(notice);
  };
}

bool KeptClient::is_in_time() const {
  return cluster_.world().now_us() - last_answer_us_ < kSurely_us;
}

void KeptClient::wrong(const std::string& what) {
  cluster_.world().fail(client_.options().name + ": " + what);
}

std::list<KeptOpen>::iterator KeptClient::first_open_of(const KeptFile& file) {
  return std::ranges::find_if(opens_, [&](const KeptOpen& open) { return open.file == &file; });
}

std::list<KeptOpen>::iterator KeptClient::iterator_of(KeptOpen& open) {
  return std::ranges::find_if(opens_, [&](const KeptOpen& o) { return &o == &open; });
}

void KeptClient::drop_lost() {
  opens_.remove_if([](const KeptOpen& open) { return open.is_lost; });
  files_.remove_if([this](const KeptFile& file) {
    return file.only_durable && first_open_of(file) == opens_.end();
  });
}

// ---- coming back ----

/// A durable handle gives way to others while its client is away, and a loss of power may take its
/// file.
bool KeptClient::may_be_lost(const KeptFile& file) const {
  return file.only_durable &&
         (file.contended || cluster_.power_was_lost() || cluster_.store_fails());
}

Task<Answer> KeptClient::patient(Part part) {
  part.channel_sequence = sequence_;
  ports::TimerId timer = loop().start_timer(kPatience_us, [this] { client_.abort(); });
  Answer answer = co_await client_.call(std::move(part));
  loop().cancel_timer(timer);
  if (!answer.lost) last_answer_us_ = std::max(last_answer_us_, cluster_.world().now_us());
  co_return answer;
}

Task<bool> KeptClient::log_on() {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    ports::TimerId timer = loop().start_timer(kPatience_us, [this] { client_.abort(); });
    NtStatus status = co_await client_.connect();
    std::size_t machine = static_cast<SimStream*>(client_.stream())->host;
    if (status == NtStatus::kSuccess) status = co_await client_.logon(sessions_[machine]);
    if (status == NtStatus::kSuccess) {
      sessions_[machine] = client_.session_id();
      status = co_await client_.tree_connect("kept");
    }
    loop().cancel_timer(timer);
    if (status == NtStatus::kSuccess) co_return true;
    if (client_.connected()) client_.abort();
    co_await client_.closed();
    co_await ports::sleep_for(loop(), rng_.below(i < 20 ? 100'000 : 2'000'000));
  }
  if (!failed()) wrong("cannot log on again");
  co_return false;
}

Task<bool> KeptClient::come_back() {
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    co_await client_.closed();
    ++sequence_;
    bool in_time = is_in_time();
    if (!co_await log_on()) co_return false;
    in_time = in_time && is_in_time();
    NtStatus status = co_await reclaim_all(in_time);
    if (status == NtStatus::kSuccess) co_return true;
    if (status == NtStatus::kConnectionDisconnected) continue;
    if (too_late_) co_return false;
    // The share has moved on meanwhile.
    if (status == NtStatus::kNetworkNameDeleted || status == NtStatus::kUserSessionDeleted) {
      client_.abort();
      continue;
    }
    wrong("a handle is lost: " + to_string(status));
  }
  if (!failed()) wrong("cannot come back");
  co_return false;
}

Task<NtStatus> KeptClient::reclaim_all(bool in_time) {
  for (auto open = opens_.begin(); open != opens_.end();) {
    KeptFile& file = *open->file;
    if (in_time) co_await use_lost(*open);
    NtStatus status = co_await reclaim(*open, file.path);
    // A lease goes with the name, and the rename may have been done.
    if (status == NtStatus::kInvalidParameter && !file.renaming_to.empty())
      status = co_await reclaim(*open, file.renaming_to);
    if (status == NtStatus::kObjectNameNotFound && open->closing) {
      cluster_.count("CLOSE was done");
      open->id = {};
      ++open;
      continue;
    }
    if (status == NtStatus::kObjectNameNotFound && may_be_lost(file)) {
      cluster_.count("durable handle lost");
      open->is_lost = true;
      file.locked = {};
      ++open;
      continue;
    }
    if (status == NtStatus::kObjectNameNotFound && !in_time) {
      cluster_.count("came back too late");
      too_late_ = true;
      for (KeptFile& f : files_) f.is_held = false, f.locked = {};
      co_return status;
    }
    if (status != NtStatus::kSuccess) {
      if (status != NtStatus::kConnectionDisconnected && cluster_.world().verbose())
        cluster_.world().note(client_.options().name + " cannot reclaim " + file.path);
      co_return status;
    }
    cluster_.count(file.only_durable ? "durable handle reclaimed" : "handle reclaimed");
    ++open;
  }
  co_return NtStatus::kSuccess;
}

Part KeptClient::create_part(const KeptOpen& open, const std::string& path,
                             smb2::CreateDisposition disposition, bool reclaim) {
  const KeptFile& file = *open.file;
  smb2::CreateRequest request;
  request.desired_access = access::kAll;
  request.share_access = file.exclusive ? 0 : smb2::ShareAccess::kAll;
  request.create_disposition = disposition;
  if (file.is_directory) request.create_options = smb2::CreateOptions::kDirectoryFile;
  ByteVec name = to_utf16le(path);
  request.name = name;
  smb2::CreateContextList contexts;
  std::uint32_t flags = file.only_durable ? 0 : smb2::kDhandleFlagPersistent;
  if (reclaim)
    contexts.durable_handle_reconnect_v2 =
        smb2::DurableHandleReconnectV2{open.id, open.create_guid, flags};
  else
    contexts.durable_handle_request_v2 =
        smb2::DurableHandleRequestV2{kTimeout_ms, flags, open.create_guid};
  if (!file.lease.is_zero()) {
    request.requested_oplock_level = smb2::OplockLevel::kLease;
    smb2::LeaseContext lease;
    lease.version = 2;
    lease.lease_key = file.lease;
    lease.lease_state = State::kReadCaching | State::kWriteCaching | State::kHandleCaching;
    contexts.lease = lease;
  }
  Buffer chain;
  Writer writer(chain);
  encode(contexts, writer);
  request.create_contexts = chain.view();
  return {smb2::Command::kCreate, message_of(request)};
}

/// What a CREATE's answer says of the open.
bool KeptClient::take(const Answer& answer, KeptOpen& open, bool reclaim) {
  smb2::CreateResponse response;
  smb2::CreateContextResponseList granted;
  if (!decode(answer.message, response) || !decode(response.create_contexts, granted).ok()) {
    wrong("a CREATE's answer is malformed");
    return false;
  }
  const KeptFile& file = *open.file;
  std::uint32_t flags = file.only_durable ? 0 : smb2::kDhandleFlagPersistent;
  open.is_promised =
      reclaim || (granted.durable_handle_v2 && granted.durable_handle_v2->flags == flags);
  if (!open.is_promised && !cluster_.disk_was_cut_off() && !cluster_.store_fails() &&
      !file.contended) {
    wrong("the handle of " + file.path + " is not persistent");
    return false;
  }
  if (reclaim && response.file_id.persistent != open.id.persistent) {
    wrong("the reclaimed handle has another id");
    return false;
  }
  open.id = response.file_id;
  if (open.file->lease.is_zero()) return true;
  std::uint32_t state = granted.lease ? granted.lease->lease_state : 0;
  // An acknowledgement that the store did not take is forgotten with the server.
  if (reclaim && !file.lease_asked && open.breaks_before == file.breaks &&
      (state & ~file.lease_state) != 0 && !cluster_.store_fails()) {
    wrong("the lease of " + open.file->path + " came back as " + std::to_string(state) +
          ", which is more than " + std::to_string(open.file->lease_state));
    return false;
  }
  if (!reclaim) {
    open.file->lease_state = state;
    open.file->lease_asked = false;
  }
  return true;
}

/// As Linux does: what was in flight is sent again before the handle is asked for.
Task<void> KeptClient::use_lost(const KeptOpen& open) {
  if (!open.is_promised || open.file->only_durable || open.closing || rng_.below(8) != 0) co_return;
  constexpr auto kStandard = static_cast<std::uint8_t>(wire::fscc::FileInfoClass::kStandard);
  Answer answer = co_await patient(
      rng_.below(2) == 0 ? flush_part(open.id)
                         : query_part(open.id, smb2::InfoType::kFile, kStandard, 100));
  if (answer.lost) co_return;
  if (answer.status == NtStatus::kFileClosed)
    wrong("a request before reclaiming " + open.file->path + " got " + to_string(answer.status));
  else
    cluster_.count("asked before reclaiming");
}

Task<NtStatus> KeptClient::reclaim(KeptOpen& open, const std::string& path) {
  // An answer that is under way while a break is may tell what was before.
  open.breaks_before = open.file->breaks;
  Answer answer = co_await patient(create_part(open, path, smb2::CreateDisposition::kOpenIf, true));
  if (answer.lost) co_return NtStatus::kConnectionDisconnected;
  if (answer.status != NtStatus::kSuccess) co_return answer.status;
  co_return take(answer, open, true) ? NtStatus::kSuccess : NtStatus::kInvalidNetworkResponse;
}

Task<Answer> KeptClient::until_answered(std::function<Part()> make) {
  bool again = false;
  for (int i = 0; i < kMaxTries && !failed(); ++i) {
    if (!client_.logged_on() || !client_.connected()) {
      if (!co_await come_back()) break;
    }
    Part part = make();
    part.replay = again;
    Answer answer = co_await patient(std::move(part));
    if (answer.lost) {
      again = true;
      cluster_.count("sent again");
      continue;
    }
    // The server has lost the volume: the connection is about to end.
    if (answer.status == NtStatus::kNetworkNameDeleted ||
        answer.status == NtStatus::kFileForcedClosed ||
        answer.status == NtStatus::kUserSessionDeleted) {
      cluster_.count("volume was moved");
      again = true;
      client_.abort();
      co_await client_.closed();
      continue;
    }
    // The disk cannot be reached for a while, or is full.
    bool disk_failed = answer.status == NtStatus::kIoDeviceError ||
                       (answer.status == NtStatus::kDiskFull && cluster_.store_fails());
    if (disk_failed && (cluster_.disk_was_cut_off() || cluster_.store_fails())) {
      cluster_.count("disk failed");
      co_await ports::sleep_for(loop(), rng_.below(1'000'000));
      continue;
    }
    if (again && answer.status == NtStatus::kFileNotAvailable) {
      cluster_.count("still under way");
      co_await ports::sleep_for(loop(), rng_.between(500, 50'000));
      continue;
    }
    co_return answer;
  }
  if (!failed()) wrong("a request is never answered");
  co_return lost_answer();
}

// ---- what it does ----

Task<KeptOpen*> KeptClient::open(KeptFile& file, smb2::CreateDisposition disposition) {
  KeptOpen fresh;
  fresh.file = &file;
  for (auto& octet : fresh.create_guid.octets) octet = static_cast<std::uint8_t>(rng_.u64());
  for (int tries = 0;; ++tries) {
    file.lease_asked = true;
    Answer answer =
        co_await until_answered([&] { return create_part(fresh, file.path, disposition, false); });
    if (answer.lost) co_return nullptr;
    if (answer.status == NtStatus::kSuccess) {
      if (!take(answer, fresh, false)) co_return nullptr;
      if (!fresh.is_promised) {
        // Its record could not be written. It is of no use here.
        (void)co_await sim::close(client_, fresh.id);
        for (auto& octet : fresh.create_guid.octets) octet = static_cast<std::uint8_t>(rng_.u64());
        co_await ports::sleep_for(loop(), rng_.below(1'000'000));
        continue;
      }
      file.is_held = true;
      cluster_.count("opened");
      co_return &opens_.emplace_back(fresh);
    }
    // A handle that was closed, but whose end the store did not take, is back until its time is
    // over.
    if (answer.status == NtStatus::kFileNotAvailable && cluster_.store_fails() &&
        tries < kMaxTries) {
      co_await ports::sleep_for(loop(), 1'000'000);
      for (auto& octet : fresh.create_guid.octets) octet = static_cast<std::uint8_t>(rng_.u64());
      continue;
    }
    // A rival has it open, or is about to close it.
    if (answer.status == NtStatus::kSharingViolation && tries < kMaxTries) {
      // Or the store could not write that an open was closed, and the server died: it is there
      // again until its time is over.
      co_await ports::sleep_for(loop(), rng_.below(cluster_.store_fails() ? 1'000'000 : 20'000));
      for (auto& octet : fresh.create_guid.octets) octet = static_cast<std::uint8_t>(rng_.u64());
      continue;
    }
    wrong("CREATE of " + file.path + " got " + to_string(answer.status));
    co_return nullptr;
  }
}

Task<bool> KeptClient::close(KeptOpen& open) {
  KeptFile& file = *open.file;
  // Locks are taken through the first open only; whoever has a second one keeps the file.
  bool last =
      std::ranges::count_if(opens_, [&](const KeptOpen& o) { return o.file == &file; }) == 1;
  if (&*first_open_of(file) == &open) file.locked = {};
  if (last) file.is_held = false;
  open.closing = true;
  Answer answer = co_await until_answered([&] { return close_part(open.id); });
  if (answer.lost) co_return false;
  if (open.is_lost) co_return true;
  if (answer.status != NtStatus::kSuccess && answer.status != NtStatus::kFileClosed) {
    wrong("CLOSE got " + to_string(answer.status));
    co_return false;
  }
  closed_file_ = file;
  closed_ = open;
  closed_.file = &closed_file_;
  opens_.erase(iterator_of(open));
  if (last) file.lease_state = 0;
  // A rival that has it open removes it when it closes.
  if (last && file.delete_pending && file.exclusive && !cluster_.store_fails())
    deleted_.push_back(file.path);
  co_return deleted_stay_deleted();
}

/// No loss of power brings them back, and nobody makes a file of such a name.
bool KeptClient::deleted_stay_deleted() {
  for (const std::string& path : deleted_)
    if (cluster_.vfs().find(path) != nullptr) {
      wrong("deleted and closed, and still there: " + path);
      return false;
    }
  return true;
}

Task<bool> KeptClient::write(KeptOpen& open, std::size_t block) {
  KeptFile& file = *open.file;
  ByteVec data = block_of(++value_ << 8 | block);
  Answer answer =
      co_await until_answered([&] { return write_part(open.id, block * KeptFile::kBlock, data); });
  if (answer.lost) co_return false;
  if (open.is_lost) co_return true;
  // A rival has locked it for a moment.
  if (answer.status == NtStatus::kFileLockConflict && !file.locked[block] && !file.exclusive) {
    // The first time it may have been done.
    file.values[block] = 0;
    co_return true;
  }
  if (answer.status != NtStatus::kSuccess) {
    wrong("WRITE got " + to_string(answer.status));
    co_return false;
  }
  file.values[block] = value_ << 8 | block;
  cluster_.count("written");
  co_return true;
}

Task<bool> KeptClient::check(KeptOpen& open) {
  KeptFile& file = *open.file;
  for (std::size_t block = 0; block < KeptFile::kBlocks; ++block) {
    // What is written through a handle that is not persistent is in the machine's memory.
    if (file.values[block] == 0 || (file.only_durable && cluster_.power_was_lost())) continue;
    Answer answer = co_await until_answered(
        [&] { return read_part(open.id, block * KeptFile::kBlock, KeptFile::kBlock); });
    if (answer.lost) co_return false;
    if (open.is_lost) co_return true;
    if (file.only_durable && cluster_.power_was_lost()) continue;
    if (answer.status == NtStatus::kFileLockConflict && !file.locked[block]) continue;
    smb2::ReadResponse response;
    if (answer.status != NtStatus::kSuccess || !decode(answer.message, response)) {
      wrong("READ of " + file.path + " got " + to_string(answer.status));
      co_return false;
    }
    if (to_vec(response.data) != block_of(file.values[block])) {
      wrong("an acknowledged WRITE of " + file.path + " is lost: block " + std::to_string(block) +
            " has " +
            std::to_string(response.data.size() < 8 ? 0 : load_u64(response.data.data())) +
            " and not " + std::to_string(file.values[block]));
      co_return false;
    }
  }
  co_return true;
}

Task<NtStatus> KeptClient::lock_request(KeptOpen& open, std::size_t block, std::uint32_t flags) {
  lock_number_ = static_cast<std::uint8_t>((lock_number_ + 1) % 16);
  std::uint32_t sequence = static_cast<std::uint32_t>(block + 1) << 4 | lock_number_;
  Answer answer = co_await until_answered([&] {
    smb2::LockRequest request;
    request.file_id = open.id;
    request.lock_sequence = sequence;
    request.locks.push_back({block * KeptFile::kBlock, KeptFile::kBlock, flags});
    return Part{smb2::Command::kLock, message_of(request)};
  });
  co_return answer.lost ? NtStatus::kConnectionDisconnected : answer.status;
}

Task<bool> KeptClient::lock(KeptOpen& open, std::size_t block) {
  NtStatus status = co_await lock_request(
      open, block, smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
  if (open.is_lost) co_return !failed();
  if (status == NtStatus::kSuccess) open.file->locked[block] = true;
  // The rival has it for a moment.
  if (status != NtStatus::kSuccess && status != NtStatus::kLockNotGranted && !failed())
    wrong("LOCK got " + to_string(status));
  co_return !failed();
}

Task<bool> KeptClient::unlock(KeptOpen& open, std::size_t block) {
  open.file->locked[block] = false;
  NtStatus status = co_await lock_request(open, block, smb2::LockElement::kFlagUnlock);
  if (open.is_lost) co_return !failed();
  if (status != NtStatus::kSuccess && !failed())
    wrong("the lock of " + open.file->path + " is lost: UNLOCK got " + to_string(status));
  co_return !failed();
}

Task<bool> KeptClient::rename(KeptOpen& open, const std::string& path) {
  KeptFile& file = *open.file;
  file.renaming_to = path;
  Answer answer = co_await until_answered([&] { return rename_part(open.id, path, false); });
  if (answer.lost) co_return false;
  if (open.is_lost) co_return true;
  if (answer.status == NtStatus::kSuccess) {
    if (cluster_.vfs().find(path) == nullptr || cluster_.vfs().find(file.path) != nullptr) {
      wrong("renamed, and not where it should be: " + path);
      co_return false;
    }
    file.path = path;
    cluster_.count("renamed");
  } else if (answer.status != NtStatus::kSharingViolation &&
             answer.status != NtStatus::kAccessDenied) {
    wrong("rename got " + to_string(answer.status));
    co_return false;
  }
  file.renaming_to.clear();
  co_return true;
}

Task<bool> KeptClient::mark_to_go(KeptOpen& open) {
  Answer answer = co_await until_answered([&] { return disposition_part(open.id, true); });
  if (answer.lost) co_return false;
  if (open.is_lost) co_return true;
  if (answer.status != NtStatus::kSuccess) {
    wrong("deleting " + open.file->path + " got " + to_string(answer.status));
    co_return false;
  }
  open.file->delete_pending = true;
  co_return true;
}

Task<bool> KeptClient::finish(KeptFile& file) {
  for (auto open = first_open_of(file); open != opens_.end() && !open->is_lost;
       open = first_open_of(file))
    if (!co_await close(*open)) co_return false;
  co_return !failed();
}

Task<bool> KeptClient::check_closed_stay_closed() {
  if (!deleted_stay_deleted()) co_return false;
  // The store may not have taken its end.
  if (closed_.create_guid.is_zero() || cluster_.store_fails()) co_return true;
  KeptOpen gone = closed_;
  Answer answer = co_await until_answered(
      [&] { return create_part(gone, gone.file->path, smb2::CreateDisposition::kOpenIf, true); });
  if (answer.lost) co_return false;
  cluster_.count("looked for a closed handle");
  if (answer.status == NtStatus::kObjectNameNotFound) co_return true;
  wrong("a closed handle came back: reclaiming it got " + to_string(answer.status));
  co_return false;
}

Task<void> KeptClient::leave() {
  if (client_.connected() && client_.logged_on() && rng_.one_in(2)) (void)co_await client_.logoff();
  if (client_.connected()) client_.abort();
  co_await client_.closed();
}

void KeptClient::lease_broken(const smb2::LeaseBreakNotification& notice) {
  cluster_.count("lease break");
  for (KeptFile& file : files_) file.breaks += file.lease == notice.lease_key;
  if ((notice.flags & smb2::LeaseFlags::kBreakAckRequired) == 0) {
    for (KeptFile& file : files_)
      if (file.lease == notice.lease_key) file.lease_state = notice.new_lease_state;
    return;
  }
  spawn([](KeptClient& self, smb2::LeaseBreakNotification broken) -> Task<void> {
    co_await ports::sleep_for(self.loop(), self.rng_.below(20'000));
    if (!self.client_.connected() || !self.client_.logged_on()) co_return;
    NtStatus status = co_await acknowledge(self.client_, broken.lease_key, broken.new_lease_state);
    if (status != NtStatus::kSuccess) co_return;
    for (KeptFile& file : self.files_)
      if (file.lease == broken.lease_key) {
        file.lease_state = broken.new_lease_state;
        ++file.breaks;
      }
  }(*this, notice));
}

// ---- the rival ----

namespace {

Task<bool> rival_logs_on(Cluster& cluster, Client& client, const std::size_t& working) {
  while (working != 0 && !cluster.failed()) {
    ports::TimerId timer = client.loop().start_timer(kPatience_us, [&client] { client.abort(); });
    NtStatus status = co_await client.connect();
    if (status == NtStatus::kSuccess) status = co_await client.logon();
    if (status == NtStatus::kSuccess) status = co_await client.tree_connect("kept");
    client.loop().cancel_timer(timer);
    if (status == NtStatus::kSuccess) co_return true;
    if (client.connected()) client.abort();
    co_await client.closed();
    co_await ports::sleep_for(client.loop(), client.rng().below(500'000));
  }
  co_return false;
}

Task<void> rival_tries(Cluster& cluster, Client& client, KeptClient& owner, KeptFile& file) {
  bool held = file.is_held && file.exclusive && owner.is_in_time();
  std::string path = file.path;
  OpenArgs args;
  args.path = path;
  args.disposition = smb2::CreateDisposition::kOpen;
  auto still = [&] {
    return std::ranges::any_of(owner.files(), [&](const KeptFile& f) { return &f == &file; });
  };
  Result<OpenFile> opened = co_await open(client, args);
  if (!opened) {
    if (opened.error() == NtStatus::kFileNotAvailable) cluster.count("kept off");
    if (opened.error() == NtStatus::kSharingViolation) cluster.count("excluded");
    co_return;
  }
  if (held && still() && file.is_held && file.path == path && owner.is_in_time())
    co_return cluster.world().fail("the rival opens " + path + ", which excludes it");
  std::size_t block = client.rng().below(KeptFile::kBlocks);
  bool before = still() && file.locked[block] && file.path == path && !file.only_durable;
  NtStatus status = co_await lock(
      client, opened->id, block * KeptFile::kBlock, KeptFile::kBlock,
      smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
  if (status == NtStatus::kSuccess && before && still() && file.locked[block] &&
      file.path == path && owner.is_in_time())
    cluster.world().fail("the rival gets a lock of " + path + " that somebody holds");
  if (status == NtStatus::kSuccess) cluster.count("rival's lock");
  (void)co_await close(client, opened->id);
}

}  // namespace

Task<void> kept_rival(Cluster& cluster, Client& client, std::vector<KeptClient*> others,
                      const std::size_t& working) {
  while (working != 0 && !cluster.failed()) {
    if (!client.connected() || !client.logged_on()) {
      co_await client.closed();
      if (!co_await rival_logs_on(cluster, client, working)) break;
    }
    co_await ports::sleep_for(client.loop(), client.rng().below(50'000));
    KeptClient& owner = *others[client.rng().below(others.size())];
    if (owner.files().empty()) continue;
    auto file = owner.files().begin();
    std::advance(file, client.rng().below(owner.files().size()));
    if (file->is_directory) continue;
    // Most of these are left alone: then they come back.
    if (file->only_durable && !client.rng().one_in(20)) continue;
    file->contended = true;
    ports::TimerId timer = client.loop().start_timer(kPatience_us, [&client] { client.abort(); });
    co_await rival_tries(cluster, client, owner, *file);
    client.loop().cancel_timer(timer);
  }
  if (client.connected()) client.abort();
  co_await client.closed();
}

}  // namespace holdfast::sim
