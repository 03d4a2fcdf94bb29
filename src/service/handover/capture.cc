// SPDX-License-Identifier: Apache-2.0
#include "service/handover/capture.h"

#include <set>

#include "base/secret.h"
#include "core/failover/records.h"
#include "core/object/directory_scan.h"
#include "service/server/driver.h"

namespace holdfast::service::handover {
namespace {

namespace state = wire::state;
using state::EntryKind;

Bytes text(std::string_view s) { return as_bytes(s); }

class EntryWriter {
 public:
  explicit EntryWriter(Buffer& out) : out_(out) {}

  template <class T>
  void add(EntryKind kind, const T& value) {
    Buffer octets;
    Writer writer(octets);
    encode(value, writer);
    state::Entry entry;
    entry.kind = static_cast<std::uint16_t>(kind);
    entry.length = static_cast<std::uint32_t>(octets.size());
    Writer head(out_);
    encode(entry, head);
    out_.append(octets);
    clear_secret(octets.mut());
    ++count_;
  }
  std::uint32_t count() const { return count_; }

 private:
  Buffer& out_;
  std::uint32_t count_ = 0;
};

state::HeldIdentity held(const ports::Identity& who) {
  state::HeldIdentity h;
  if (who.is_guest) h.flags |= state::HeldIdentity::kGuest;
  if (who.is_anonymous) h.flags |= state::HeldIdentity::kAnonymous;
  if (who.is_administrator) h.flags |= state::HeldIdentity::kAdministrator;
  if (who.credentials.act_as_user) h.flags |= state::HeldIdentity::kActsAsUser;
  h.user.octets = text(who.user);
  h.domain.octets = text(who.domain);
  h.sid = who.sid;
  h.groups = who.groups;
  h.uid = who.credentials.uid;
  h.gid = who.credentials.gid;
  h.unix_groups = who.credentials.groups;
  return h;
}

/// Only with those of its channels that are handed over.
state::HeldSession held(core::Session& s, const std::set<core::ConnectionId>& connections) {
  state::HeldSession h;
  h.id = s.id;
  h.connection = s.connection;
  if (s.signing_required) h.flags |= state::HeldSession::kSigningRequired;
  if (s.encrypt) h.flags |= state::HeldSession::kEncrypt;
  if (s.state == core::SessionState::kExpired) h.flags |= state::HeldSession::kExpired;
  h.dialect = s.dialect;
  h.signing = static_cast<std::uint16_t>(s.signing);
  h.cipher = static_cast<std::uint16_t>(s.cipher);
  h.client_guid = s.client_guid;
  h.full_key.octets = s.full_session_key;
  if (s.keys.octets != nullptr) {
    h.signing_key.octets = s.keys.octets->signing;
    if (s.keys.seal != nullptr) {
      h.seal_key.octets = s.keys.octets->seal;
      h.open_key.octets = s.keys.octets->open;
    }
  }
  h.created = s.created;
  h.expires = s.expires;
  h.client_address.octets = text(s.client_address);
  h.next_nonce = s.next_nonce.load();
  h.apple_capabilities = s.apple_capabilities.load();
  if (s.identity != nullptr) h.identity = held(*s.identity);
  for (const auto& [id, tree] : s.trees)
    h.trees.push_back({id,
                       {text(tree.share->name)},
                       tree.maximal_access,
                       static_cast<std::uint8_t>(tree.encrypt),
                       tree.created});
  h.next_tree_id = s.next_tree_id;
  for (core::ConnectionId id : s.channels)
    if (connections.contains(id)) h.channels.push_back(id);
  return h;
}

std::uint32_t flags_of(const core::OpenTable::HeldOpen& o) {
  using Held = state::HeldOpen;
  std::uint32_t flags = 0;
  if (o.is_pipe) flags |= Held::kPipe;
  if (o.disconnected) flags |= Held::kDisconnected;
  if (o.replay_eligible) flags |= Held::kReplayEligible;
  if (o.used) flags |= Held::kUsed;
  if (o.modified) flags |= Held::kModified;
  if (o.recorded) flags |= Held::kRecorded;
  if (o.deleter_parent_lease) flags |= Held::kHasDeleter;
  if (o.breaking) flags |= Held::kBreaking;
  if (o.breaking && !o.breaking->told) flags |= Held::kBreakHeldBack;
  if (o.restored) flags |= Held::kRestored;
  return flags;
}

void hold_scan(const core::DirectoryScan& scan, state::HeldOpen& h) {
  h.flags |= state::HeldOpen::kScans;
  if (!scan.has_pattern()) return;
  h.flags |= state::HeldOpen::kHasPattern;
  h.pattern.octets = text(scan.pattern_text());
  // A name without wildcards is looked up anew.
  if (scan.must_rewind || (!scan.at_end && !scan.pattern().has_wildcards()))
    h.flags |= state::HeldOpen::kRewinds;
  if (scan.any_told) h.flags |= state::HeldOpen::kAnyTold;
  for (const ports::DirEntry& entry : scan.pending) h.names.push_back({text(entry.name)});
}

class Capture {
 public:
  Capture(Server& server, const Preparation& prepared, const Frame& frame)
      : server_(server), prepared_(prepared), frame_(frame), writer_(out_.octets) {}

  Captured run() {
    head();
    for (const state::HeldListener& l : frame_.listeners) writer_.add(EntryKind::kListener, l);
    writer_.add(EntryKind::kAdmin, frame_.admin);
    find_connections();
    sessions();
    opens();
    connections();
    state::HandoverEnd end;
    end.entries = writer_.count();
    writer_.add(EntryKind::kEnd, end);
    return std::move(out_);
  }

 private:
  void head() {
    state::HandoverHead h;
    h.held_us = frame_.held_us;
    h.started = server_.started();
    h.next_connection = server_.next_connection();
    h.next_persistent_id = server_.opens().next_persistent_id();
    h.connections_total = server_.counters().connections_total.load();
    h.closed = frame_.closed;
    for (const std::string& reason : frame_.reasons) h.reasons.push_back({text(reason)});
    writer_.add(EntryKind::kHead, h);
  }

  void find_connections() {
    for (const std::shared_ptr<Driver>& driver : server_.drivers())
      if (driver->is_still()) {
        drivers_.push_back(driver);
        ids_.insert(driver->connection().id());
      }
  }

  void sessions() {
    for (const core::SessionPtr& session : server_.sessions().all()) {
      state::HeldSession h = held(*session, ids_);
      if (h.channels.empty() || session->identity == nullptr) continue;
      carried_.insert(h.id);
      ++out_.sessions;
      writer_.add(EntryKind::kSession, h);
    }
  }

  void opens() {
    std::map<core::OpenId, core::NotifyTable::Held> watches;
    for (core::NotifyTable::Held& w : server_.notifications().hand_over())
      watches.emplace(w.open, std::move(w));
    for (core::OpenTable::HeldOpen& o : server_.opens().hand_over()) {
      if (!o.disconnected && !carried_.contains(o.session)) continue;
      auto path = prepared_.paths.find(o.id);
      if (!o.is_pipe && path == prepared_.paths.end()) continue;
      if (!o.is_pipe) o.record.path = path->second;
      state::HeldOpen h;
      ByteVec record = core::failover::encode_open(o.record);
      h.state.octets = record;
      h.flags = flags_of(o);
      h.volatile_id = o.id;
      h.session = o.session;
      h.connection = o.connection;
      h.tree = o.tree;
      h.expires_us = o.expires_us;
      h.position = o.position;
      h.deleter_parent_lease = o.deleter_parent_lease.value_or(Guid{});
      if (o.breaking) {
        h.breaking_to = o.breaking->to;
        h.wanted = o.breaking->wanted;
      }
      if (auto watch = watches.find(o.id); watch != watches.end()) {
        const core::NotifyTable::Held& w = watch->second;
        h.flags |= state::HeldOpen::kWatched;
        if (w.watch.tree) h.flags |= state::HeldOpen::kWatchesTree;
        if (w.missed || o.share->local_changes) h.flags |= state::HeldOpen::kMissed;
        h.watch_filter = w.watch.filter;
        h.watch_room = w.watch.room;
      }
      if (o.scan != nullptr) hold_scan(*o.scan, h);
      ++out_.opens;
      writer_.add(EntryKind::kOpen, h);
    }
  }

  void connections() {
    for (const std::shared_ptr<Driver>& driver : drivers_) {
      state::HeldConnection h;
      ports::StreamImage image;
      if (!driver->hand_over(h, image)) continue;
      out_.sockets.push_back(image.handle);
      ++out_.connections;
      writer_.add(EntryKind::kConnection, h);
      for (const state::HeldRequest& r : driver->hand_over_requests()) {
        ++out_.requests;
        writer_.add(EntryKind::kRequest, r);
      }
    }
  }

  Server& server_;
  const Preparation& prepared_;
  const Frame& frame_;
  Captured out_;
  EntryWriter writer_;
  std::vector<std::shared_ptr<Driver>> drivers_;
  std::set<core::ConnectionId> ids_;
  std::set<core::SessionId> carried_;
};

}  // namespace

Captured capture(Server& server, const Preparation& prepared, const Frame& frame) {
  return Capture(server, prepared, frame).run();
}

}  // namespace holdfast::service::handover
