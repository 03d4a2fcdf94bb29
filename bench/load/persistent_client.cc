// SPDX-License-Identifier: Apache-2.0
#include "bench/load/persistent_client.h"

#include <algorithm>

#include "base/utf16.h"
#include "wire/smb2/create_context.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;
using sim::Answer, sim::Part;

namespace {

/// How long a server may take to answer one log-on before the client gives the connection up.
constexpr std::uint64_t kLogOnLimitUs = 15'000'000;
/// STATUS_FILE_NOT_AVAILABLE: the server does not know yet that the connection before is lost.
constexpr std::uint64_t kNotAvailableUs = 30'000;
constexpr int kMaxNotAvailable = 1'000;

std::string name_of_client(std::uint32_t index) { return "client " + std::to_string(index); }

}  // namespace

PersistentClient::PersistentClient(Run& run, std::uint32_t index, std::uint16_t dialect)
    : run_(run),
      index_(index),
      client_(run.surroundings().world(),
              client_options(run.surroundings().target(), name_of_client(index), dialect)) {
  client_.on_lease_break = [this](const smb2::LeaseBreakNotification& told) { on_break(told); };
}

void PersistentClient::fail(const std::string& what) {
  run_.fail(client_.options().name + ": " + what);
}

Guid PersistentClient::new_guid() {
  Guid guid;
  for (std::uint8_t& octet : guid.octets) octet = static_cast<std::uint8_t>(rng().u64() >> 20);
  return guid;
}

// ---- the connection ----

Task<bool> PersistentClient::log_on() {
  ports::TimerId limit = run_.loop().start_timer(kLogOnLimitUs, [this] {
    fail("no answer to a log-on");
    client_.abort();
  });
  NtStatus status = co_await client_.connect();
  if (status == NtStatus::kSuccess) status = co_await client_.logon(session_);
  if (status == NtStatus::kSuccess) {
    session_ = client_.session_id();
    status = co_await client_.tree_connect(run_.surroundings().target().share);
  }
  run_.loop().cancel_timer(limit);
  if (status != NtStatus::kSuccess && status != NtStatus::kConnectionDisconnected)
    run_.count("log-on refused: " + to_string(status));
  co_return status == NtStatus::kSuccess;
}

Task<void> PersistentClient::keep_connected() {
  last_answer_us_ = run_.now_us();
  while (!leaving_) {
    bool logged_on = co_await log_on();
    bool back = logged_on && co_await reclaim_all();
    if (back) {
      up_ = true;
      for (OneShot<bool>* waiter : std::exchange(waiting_, {})) waiter->set(true);
      co_await client_.closed();
      up_ = false;
      ++channel_sequence_;
      if (leaving_) break;
      if (pause_begin_us_ == 0) pause_begin_us_ = last_answer_us_;
      continue;
    }
    client_.abort();
    co_await client_.closed();
    std::uint64_t silent_us = run_.now_us() - last_answer_us_;
    if (silent_us > run_.options().longest_pause_us) {
      fail("cannot come back for " + std::to_string(silent_us / 1'000'000) + " s");
      last_answer_us_ = run_.now_us();
      if (run_.stopping()) break;
    }
    co_await ports::sleep_for(run_.loop(), run_.options().retry_us);
  }
  for (OneShot<bool>* waiter : std::exchange(waiting_, {})) waiter->set(false);
  leaving_ = true;
  left_.set(true);
}

Task<bool> PersistentClient::up() {
  while (!up_ || !client_.connected()) {
    if (leaving_) co_return false;
    OneShot<bool> back;
    waiting_.push_back(&back);
    if (!co_await back) co_return false;
  }
  co_return true;
}

Task<void> PersistentClient::leave() {
  if (co_await up()) {
    leaving_ = true;
    (void)co_await client_.logoff();
    client_.disconnect();
  }
  leaving_ = true;
  (void)co_await left_;
}

void PersistentClient::answered() {
  last_answer_us_ = run_.now_us();
  if (pause_begin_us_ == 0) return;
  run_.paused({index_, std::exchange(pause_begin_us_, 0), last_answer_us_});
}

Task<Answer> PersistentClient::insist(std::function<Part()> make, bool may_replay) {
  for (bool again = false;; again = true) {
    bool is_up = co_await up();
    if (!is_up) co_return sim::lost_answer();
    Part part = make();
    part.replay = again && may_replay;
    part.channel_sequence = channel_sequence_;
    if (part.replay) run_.count("replayed " + std::string(smb2::name_of(part.command)));
    Answer answer = co_await client_.call(std::move(part));
    if (answer.lost) continue;
    answered();
    co_return answer;
  }
}

// ---- handles ----

Task<Answer> PersistentClient::send_create(Handle& handle, bool reclaim, bool replay) {
  smb2::CreateRequest request;
  request.desired_access = handle.access;
  request.share_access = handle.share;
  request.create_disposition = handle.disposition;
  request.create_options = handle.options;
  ByteVec name = to_utf16le(handle.path);
  request.name = name;
  smb2::CreateContextList contexts;
  if (handle.lease) {
    request.requested_oplock_level = smb2::OplockLevel::kLease;
    contexts.lease = handle.lease;
    contexts.lease->lease_flags = 0;
  }
  if (reclaim) {
    contexts.durable_handle_reconnect_v2 =
        smb2::DurableHandleReconnectV2{handle.id, handle.create_guid, smb2::kDhandleFlagPersistent};
  } else {
    contexts.durable_handle_request_v2 =
        smb2::DurableHandleRequestV2{0, smb2::kDhandleFlagPersistent, handle.create_guid};
  }
  Buffer chain;
  Writer writer(chain);
  encode(contexts, writer);
  request.create_contexts = chain.view();
  Part part{smb2::Command::kCreate, sim::message_of(request)};
  part.replay = replay;
  part.channel_sequence = channel_sequence_;
  co_return co_await client_.call(std::move(part));
}

/// What a CREATE that succeeded gave. False: not what it should have.
bool PersistentClient::take_answer(Handle& handle, const Answer& answer, bool reclaimed) {
  smb2::CreateResponse response;
  smb2::CreateContextResponseList granted;
  if (!decode(answer.message, response) || !decode(response.create_contexts, granted).ok()) {
    fail("an answer to CREATE that does not decode");
    return false;
  }
  if (reclaimed && response.file_id.persistent != handle.id.persistent) {
    fail(handle.path + " was reclaimed with another persistent id");
    return false;
  }
  handle.id = response.file_id;
  if (!reclaimed && (!granted.durable_handle_v2 ||
                     (granted.durable_handle_v2->flags & smb2::kDhandleFlagPersistent) == 0)) {
    fail(handle.path + ": the handle is not persistent");
    return false;
  }
  if (!handle.lease) return true;
  if (response.oplock_level != smb2::OplockLevel::kLease || !granted.lease ||
      granted.lease->lease_key != handle.lease->lease_key) {
    fail(handle.path + (reclaimed ? " was reclaimed without its lease" : " got no lease"));
    return false;
  }
  handle.lease->lease_state = granted.lease->lease_state;
  handle.lease->epoch = granted.lease->epoch;
  return true;
}

Task<NtStatus> PersistentClient::reclaim_one(Handle& handle) {
  for (int i = 0; i < kMaxNotAvailable; ++i) {
    Answer answer = co_await send_create(handle, true, false);
    if (answer.lost) co_return NtStatus::kConnectionDisconnected;
    if (answer.status == NtStatus::kSuccess) {
      run_.count("reclaimed handles");
      (void)take_answer(handle, answer, true);
      co_return NtStatus::kSuccess;
    }
    if (answer.status != NtStatus::kFileNotAvailable) co_return answer.status;
    run_.count("reclaims that had to wait");
    co_await ports::sleep_for(run_.loop(), kNotAvailableUs);
  }
  co_return NtStatus::kFileNotAvailable;
}

Task<void> PersistentClient::reclaim(Handle& handle, bool& all_back, std::size_t& left,
                                     OneShot<bool>& done) {
  NtStatus status = co_await reclaim_one(handle);
  if (status == NtStatus::kConnectionDisconnected) {
    all_back = false;
  } else if (status == NtStatus::kObjectNameNotFound && handle.state == Handle::State::kClosing) {
    // Its CLOSE was done, only the answer was lost.
    handle.state = Handle::State::kClosed;
  } else if (status != NtStatus::kSuccess) {
    fail("the handle of " + handle.path + " is lost: " + to_string(status));
    handle.state = Handle::State::kClosed;
  }
  if (--left == 0) done.set(true);
}

Task<bool> PersistentClient::reclaim_all() {
  std::vector<Handle*> mine;
  for (Handle* handle : handles_)
    if (handle->state == Handle::State::kHeld || handle->state == Handle::State::kClosing)
      mine.push_back(handle);
  if (mine.empty()) co_return true;
  bool all_back = true;
  std::size_t left = mine.size();
  OneShot<bool> done;
  for (Handle* handle : mine) spawn(reclaim(*handle, all_back, left, done));
  (void)co_await done;
  co_return all_back;
}

Task<bool> PersistentClient::open(Handle& handle) {
  handle.create_guid = new_guid();
  handle.state = Handle::State::kCreating;
  handles_.push_back(&handle);
  bool replay = false;
  for (int waits = 0; waits < kMaxNotAvailable;) {
    bool is_up = co_await up();
    if (!is_up) break;
    if (replay) run_.count("replayed CREATE");
    Answer answer = co_await send_create(handle, false, replay);
    if (answer.lost) {
      replay = true;
      continue;
    }
    if (answer.status == NtStatus::kFileNotAvailable) {
      ++waits;
      run_.count("CREATEs that had to wait");
      co_await ports::sleep_for(run_.loop(), kNotAvailableUs);
      continue;
    }
    answered();
    if (answer.status == NtStatus::kSuccess && take_answer(handle, answer, false)) {
      handle.state = Handle::State::kHeld;
      co_return true;
    }
    fail("CREATE of " + handle.path + (replay ? " (replayed)" : "") + " got " +
         to_string(answer.status));
    break;
  }
  handle.state = Handle::State::kClosed;
  std::erase(handles_, &handle);
  co_return false;
}

Task<void> PersistentClient::close(Handle& handle) {
  if (handle.state == Handle::State::kHeld) handle.state = Handle::State::kClosing;
  while (handle.state == Handle::State::kClosing) {
    bool is_up = co_await up();
    if (!is_up) break;
    // While it waited the handle may have turned out to be closed.
    if (handle.state != Handle::State::kClosing) break;
    Answer answer = co_await client_.call(sim::close_part(handle.id));
    if (answer.lost) {
      run_.count("CLOSEs whose answer was lost");
      continue;
    }
    answered();
    handle.state = Handle::State::kClosed;
    if (answer.status != NtStatus::kSuccess)
      fail("CLOSE of " + handle.path + " got " + to_string(answer.status));
  }
  std::erase(handles_, &handle);
}

// ---- leases ----

void PersistentClient::on_break(const smb2::LeaseBreakNotification& told) {
  for (Handle* handle : handles_)
    if (handle->lease && handle->lease->lease_key == told.lease_key) {
      handle->lease->lease_state = told.new_lease_state;
      handle->lease->epoch = told.new_epoch;
    }
  run_.count("lease breaks");
  if ((told.flags & smb2::LeaseFlags::kBreakAckRequired) != 0)
    spawn(acknowledge(told.lease_key, told.new_lease_state));
}

Task<void> PersistentClient::acknowledge(Guid key, std::uint32_t state) {
  NtStatus status = co_await sim::acknowledge(client_, key, state);
  // Behind a lost connection it may be too late for it, or the handle closed meanwhile.
  if (status != NtStatus::kSuccess) run_.count("acknowledgement: " + to_string(status));
}

}  // namespace holdfast::load
