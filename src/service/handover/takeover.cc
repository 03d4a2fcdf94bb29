// SPDX-License-Identifier: Apache-2.0
#include "service/handover/takeover.h"

#include <algorithm>

#include "core/failover/records.h"
#include "core/object/directory_scan.h"
#include "service/failover/failover.h"
#include "service/failover/restore.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/keeping.h"

namespace holdfast::service::handover {
namespace {

namespace state = wire::state;
using state::HeldConnection, state::HeldOpen, state::HeldSession;

std::string text(const state::Octets& o) { return std::string(as_text(o.octets)); }

std::shared_ptr<const ports::Identity> identity(const state::HeldIdentity& h) {
  auto who = std::make_shared<ports::Identity>();
  who->user = text(h.user);
  who->domain = text(h.domain);
  who->sid = h.sid;
  who->groups = h.groups;
  who->is_guest = (h.flags & state::HeldIdentity::kGuest) != 0;
  who->is_anonymous = (h.flags & state::HeldIdentity::kAnonymous) != 0;
  who->is_administrator = (h.flags & state::HeldIdentity::kAdministrator) != 0;
  who->credentials.act_as_user = (h.flags & state::HeldIdentity::kActsAsUser) != 0;
  who->credentials.uid = h.uid;
  who->credentials.gid = h.gid;
  who->credentials.groups = h.unix_groups;
  return who;
}

/// A pipe whose other end stayed in the earlier binary.
class EndedPipe final : public ports::Pipe {
 public:
  Result<void> write(Bytes) override { return fail(NtStatus::kPipeDisconnected); }
  Result<Chunk> read(std::size_t) override { return fail(NtStatus::kPipeDisconnected); }
  std::size_t available() const override { return 1; }
};

/// False: no key is like that.
bool make_keys(const crypto::Provider& crypto, const HeldSession& h, core::Session& session) {
  if (h.signing_key.octets.empty()) return true;
  auto algorithm = static_cast<crypto::SigningAlgorithm>(h.signing);
  if (h.signing > static_cast<std::uint16_t>(crypto::SigningAlgorithm::kAes128Gmac) ||
      h.signing_key.octets.size() > crypto::kSigningKeySize)
    return false;
  session.keys.signer = crypto.make_signer(algorithm, h.signing_key.octets);
  session.keys.octets = std::make_shared<const core::KeyOctets>(
      to_vec(h.signing_key.octets), to_vec(h.seal_key.octets), to_vec(h.open_key.octets));
  if (h.seal_key.octets.empty()) return true;
  auto cipher = static_cast<crypto::Cipher>(h.cipher);
  if (cipher < crypto::Cipher::kAes128Ccm || cipher > crypto::Cipher::kAes256Gcm ||
      h.seal_key.octets.size() != crypto::key_size(cipher) ||
      h.open_key.octets.size() != crypto::key_size(cipher))
    return false;
  session.keys.seal = crypto.make_aead(cipher, h.seal_key.octets);
  session.keys.open = crypto.make_aead(cipher, h.open_key.octets);
  return true;
}

std::shared_ptr<core::DirectoryScan> scan_of(const HeldOpen& h) {
  if ((h.flags & HeldOpen::kScans) == 0) return nullptr;
  auto scan = std::make_shared<core::DirectoryScan>();
  if ((h.flags & HeldOpen::kHasPattern) == 0) return scan;
  scan->restart(as_text(h.pattern.octets));
  scan->any_told = (h.flags & HeldOpen::kAnyTold) != 0;
  if ((h.flags & HeldOpen::kRewinds) != 0) return scan;
  // Read to its end by the earlier binary; of the names, what is told is looked up when it is told.
  scan->must_rewind = false;
  scan->at_end = true;
  for (const state::Octets& name : h.names)
    scan->pending.emplace_back().name = std::string(as_text(name.octets));
  return scan;
}

core::OpenTable::HeldOpen open_of(const HeldOpen& h, core::OpenRecord record) {
  core::OpenTable::HeldOpen o;
  o.record = std::move(record);
  o.id = h.volatile_id;
  o.session = h.session;
  o.connection = h.connection;
  o.tree = h.tree;
  o.is_pipe = (h.flags & HeldOpen::kPipe) != 0;
  o.disconnected = (h.flags & HeldOpen::kDisconnected) != 0;
  o.replay_eligible = (h.flags & HeldOpen::kReplayEligible) != 0;
  o.used = (h.flags & HeldOpen::kUsed) != 0;
  o.modified = (h.flags & HeldOpen::kModified) != 0;
  o.recorded = (h.flags & HeldOpen::kRecorded) != 0;
  o.expires_us = h.expires_us;
  o.position = h.position;
  if ((h.flags & HeldOpen::kHasDeleter) != 0) o.deleter_parent_lease = h.deleter_parent_lease;
  o.restored = (h.flags & HeldOpen::kRestored) != 0;
  if ((h.flags & HeldOpen::kBreaking) != 0)
    o.breaking = {h.breaking_to, h.wanted, (h.flags & HeldOpen::kBreakHeldBack) == 0};
  o.scan = scan_of(h);
  return o;
}

}  // namespace

void Takeover::close(std::string_view why) {
  ++report_.closed;
  if (std::ranges::count(report_.reasons, why) == 0) report_.reasons.emplace_back(why);
}

core::SessionPtr Takeover::restore_session(Server& server, const HeldSession& h) {
  auto session = std::make_shared<core::Session>();
  session->id = h.id;
  session->connection = h.connection;
  session->dialect = h.dialect;
  session->client_guid = h.client_guid;
  session->signing = static_cast<wire::smb2::SigningAlgorithm>(h.signing);
  session->cipher = static_cast<wire::smb2::Cipher>(h.cipher);
  session->signing_required = (h.flags & HeldSession::kSigningRequired) != 0;
  session->encrypt = (h.flags & HeldSession::kEncrypt) != 0;
  session->full_session_key = to_vec(h.full_key.octets);
  session->created = h.created;
  session->expires = h.expires;
  session->client_address = text(h.client_address);
  session->next_nonce.store(h.next_nonce);
  session->apple_capabilities.store(h.apple_capabilities);
  session->state = (h.flags & HeldSession::kExpired) != 0 ? core::SessionState::kExpired
                                                          : core::SessionState::kValid;
  session->identity = identity(h.identity);
  for (const state::HeldTree& t : h.trees) {
    // A share that is gone meanwhile: its tree is gone, too (STATUS_NETWORK_NAME_DELETED).
    std::shared_ptr<const core::Share> share = server.find_share(text(t.share));
    if (share == nullptr || (share->act_as_user && !session->identity->credentials.act_as_user))
      continue;
    session->trees.emplace(t.id, core::TreeConnect{t.id, std::move(share), t.maximal_access,
                                                   t.encrypt != 0, t.created});
  }
  session->next_tree_id = h.next_tree_id;
  session->channels = h.channels;
  bool sound = h.id != 0 && make_keys(server.env().crypto, h, *session);
  return sound && server.sessions().restore(session) ? session : nullptr;
}

/// What is wrong, or "".
Task<std::string_view> Takeover::restore_open(Server& server, ports::Executor& loop,
                                              const HeldOpen& h) {
  auto record = core::failover::decode_open(h.state.octets);
  if (!record) co_return "the record of an open file cannot be read";
  core::OpenTable::HeldOpen open = open_of(h, *record);
  if (h.session != 0) {
    core::SessionPtr session = server.sessions().find(h.session);
    std::optional<core::TreeConnect> tree =
        session == nullptr ? std::nullopt : session->tree(h.tree);
    // Its tree is gone with its share.
    if (!tree) co_return std::string_view{};
    open.share = tree->share;
    open.identity = session->who();
  } else {
    open.share = server.find_share(record->share);
    if (open.share == nullptr) co_return std::string_view{};
    open.identity = owner_of(*record, *open.share);
  }
  if (open.is_pipe) {
    open.pipe = std::make_shared<EndedPipe>();
    ++report_.pipes;
  } else {
    ports::Credentials as_service;
    Result<ports::Opened> opened = co_await open_object({loop, as_service}, *open.share, *record);
    if (!opened) co_return "a file that it has open cannot be opened again";
    open.file = opened->file;
    open.record.key = opened->info.key;
    open.record.path = opened->path;
  }
  bool disconnected = open.disconnected;
  std::uint64_t expires_us = open.expires_us;
  core::OpenTable::TakenOver taken = server.opens().take_over(open);
  if (taken.status != NtStatus::kSuccess) co_return "a file that it has open is not what it was";
  ++report_.opens;
  if (taken.break_serial != 0) watch_break(server, loop, taken.object, taken.break_serial);
  if (disconnected) expire_later(server, loop, h.volatile_id, expires_us);
  if (!record->create_guid.is_zero())
    server.create_replays().finish({record->client_guid, record->create_guid}, h.volatile_id);
  if ((h.flags & HeldOpen::kWatched) == 0 || open.file == nullptr) co_return std::string_view{};
  core::NotifyTable::Held watch;
  watch.open = h.volatile_id;
  watch.watch = {open.share->vfs.get(), open.record.path, (h.flags & HeldOpen::kWatchesTree) != 0,
                 h.watch_filter, h.watch_room};
  watch.missed = (h.flags & HeldOpen::kMissed) != 0;
  server.notifications().restore(watch);
  if (open.share->local_changes)
    server.notifications().feed(
        h.volatile_id, co_await open.share->vfs->watch_local_changes(
                           io_of(loop, *open.share, *open.identity), open.file, watch.watch.tree,
                           server.local_change_sink()));
  co_return std::string_view{};
}

Task<void> Takeover::restore_state(Server& server, ports::Executor& loop) {
  const state::HandoverHead& head = contents_.head;
  server.restore_counts(head.next_connection, head.connections_total, head.started);
  server.opens().restore_next_persistent_id(head.next_persistent_id);
  report_.closed = head.closed;
  report_.requests = contents_.requests.size();
  for (const state::Octets& reason : head.reasons) report_.reasons.push_back(text(reason));
  for (const HeldSession& h : contents_.sessions)
    if (restore_session(server, h) != nullptr)
      ++report_.sessions;
    else
      lost_.emplace(h.id, "a session of it cannot be continued");
  for (const HeldOpen& h : contents_.opens) {
    std::string_view problem = co_await restore_open(server, loop, h);
    if (problem.empty()) continue;
    ++report_.opens_lost;
    if (h.session != 0) lost_.emplace(h.session, problem);
  }
  for (const HeldConnection& h : contents_.connections) {
    bool proxied = (h.flags & HeldConnection::kBehindProxy) != 0;
    const state::Address& local = proxied ? h.wire_local : h.local;
    const state::Address& peer = proxied ? h.wire_peer : h.peer;
    server.failover().carried_over({{local.ip, local.port}, {peer.ip, peer.port}});
  }
}

void Takeover::restore_connections(Server& server, ports::Executor& loop, unsigned loops,
                                   const Adopt& adopt) {
  for (const HeldConnection& h : contents_.connections) {
    if (h.loop % loops != loop.index()) continue;
    std::shared_ptr<ports::Stream> stream = adopt(h);
    std::shared_ptr<Driver> driver;
    std::string_view obstacle = "its socket was lost";
    if (stream != nullptr) {
      driver = server.restore(loop, std::move(stream), h.id);
      obstacle = driver->restore(h) ? "" : "its state cannot be continued";
    }
    for (const state::HeldChannel& channel : h.channels)
      if (auto lost = lost_.find(channel.session); lost != lost_.end()) obstacle = lost->second;
    Lock lock(mutex_);
    if (obstacle.empty())
      ++report_.connections;
    else
      close(obstacle);
    if (driver != nullptr) restored_.push_back({&loop, std::move(driver), &h, obstacle});
  }
}

void Takeover::begin_connections(ports::Executor& loop) {
  std::vector<Restored> mine;
  {
    Lock lock(mutex_);
    for (const Restored& r : restored_)
      if (r.loop == &loop) mine.push_back(r);
  }
  for (const Restored& r : mine) r.driver->start();
  for (const Restored& r : mine) {
    if (!r.obstacle.empty()) {
      r.driver->leave(r.obstacle);
      continue;
    }
    for (const state::HeldRequest& request : contents_.requests)
      if (request.connection == r.held->id) r.driver->begin_again(request);
    r.driver->receive_rest(*r.held);
  }
}

}  // namespace holdfast::service::handover
