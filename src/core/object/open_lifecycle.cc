// SPDX-License-Identifier: Apache-2.0
#include "core/object/open_lifecycle.h"

#include <algorithm>

#include "base/utf16.h"
#include "core/object/open_table_state.h"

/// How an open lives on without its connection (MS-SMB2 3.3.7.1, 3.3.5.9.7, 3.3.5.9.12, 3.3.6.2).
namespace holdfast::core {

Result<OpenTable::Begun> OpenTable::begin_request(wire::smb2::FileId file_id, SessionId session,
                                                  const RequestMark& mark) {
  Stripe* stripe = stripe_of(file_id.volatile_id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(file_id.volatile_id);
  if (open == nullptr || open->persistent_id != file_id.persistent ||
      open->spec.session != session || open->life.disconnected)
    return fail(NtStatus::kFileClosed);
  if (open->life.durable != DurableKind::kPersistent) open->life.replay_eligible = false;
  if (mark.modifies) open->life.used = true;
  Begun begun{view_of(file_id.volatile_id, *open), std::nullopt};
  std::uint16_t sequence = mark.verifies ? mark.channel_sequence : open->life.channel.value();
  begun.turn = open->life.channel.begin(sequence, mark.verifies && mark.is_replay);
  if (!begun.turn && mark.modifies) return fail(NtStatus::kFileNotAvailable);
  return begun;
}

void OpenTable::end_request(OpenId id, ChannelSequence::Turn turn) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  if (Open* open = stripe->find(id)) open->life.channel.end(turn);
}

DurableGrant OpenTable::make_durable(OpenId id, DurableGrant wanted) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return {};
  if (wanted.kind != DurableKind::kPersistent && !stripe->holds_handles(id, *open)) return {};
  open->life.durable = wanted.kind;
  open->life.durable_timeout_ms = wanted.timeout_ms;
  changed(*stripe, id, *open);
  return wanted;
}

bool OpenTable::make_resilient(OpenId id, std::uint32_t timeout_ms) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return false;
  // MS-SMB2 3.3.5.15.9: a resilient open is not durable any more.
  if (open->life.durable != DurableKind::kPersistent) open->life.durable = DurableKind::kNone;
  open->life.resilient = true;
  open->life.resilient_timeout_ms = timeout_ms;
  changed(*stripe, id, *open);
  return true;
}

void OpenTable::take_back_durable(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return;
  open->life.durable = DurableKind::kNone;
  open->life.resilient = false;
  changed(*stripe, id, *open);
}

void OpenTable::set_created(OpenId id, wire::smb2::CreateAction action) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return;
  open->life.create_action = action;
  open->life.replay_eligible = !open->spec.create_guid.is_zero();
  changed(*stripe, id, *open);
}

std::optional<OpenLife> OpenTable::life(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open == nullptr ? std::nullopt : std::optional(open->life);
}

bool OpenTable::is_disconnected(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open != nullptr && open->life.disconnected;
}

bool OpenTable::Stripe::holds_handles(OpenId id, const Open& open) {
  CachingGrant held = file_of(open).caching.held_by(id);
  if (held.breaking) return false;
  return held.level == wire::smb2::OplockLevel::kBatch ||
         (held.level == wire::smb2::OplockLevel::kLease &&
          (held.lease.state & wire::smb2::LeaseState::kHandleCaching) != 0);
}

bool OpenTable::Stripe::outlives_connection(OpenId id, const Open& open) {
  if (open.spec.pipe != nullptr) return false;
  if (open.life.resilient || open.life.durable == DurableKind::kPersistent) return true;
  if (open.life.durable == DurableKind::kNone || !holds_handles(id, open)) return false;
  // Byte-range locks are kept only where nobody else can have been told of the file meanwhile, as
  // Windows has it (smbtorture's lock-noW-lease beside lock-lease and lock-oplock).
  FileState& file = file_of(open);
  return file.locks.held_by(id) == 0 || file.caching.may_write_behind(id);
}

bool OpenTable::disconnect(OpenId id, std::uint64_t now_us, std::uint64_t& expires_us) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || !stripe->outlives_connection(id, *open)) return false;
  OpenLife& life = open->life;
  // A resilient open keeps the time its client asked for; of both, the longer one.
  std::uint64_t timeout_ms = life.resilient ? life.resilient_timeout_ms : 0;
  if (life.durable != DurableKind::kNone)
    timeout_ms = std::max<std::uint64_t>(timeout_ms, life.durable_timeout_ms);
  life.disconnected = true;
  life.expires_us = expires_us = now_us + timeout_ms * 1000;
  open->spec.session = 0;
  open->spec.tree = 0;
  open->spec.connection = 0;
  stripe->disconnected[open->persistent_id] = id;
  return true;
}

NtStatus OpenTable::check_reclaim(const Open& open, const Reclaim& claim) {
  const OpenLife& life = open.life;
  // Open.Lease stays although a break that nobody answered has left it without a state.
  bool leased = open.spec.caching.level == wire::smb2::OplockLevel::kLease;
  if (leased && open.spec.client_guid != claim.client_guid) return NtStatus::kObjectNameNotFound;
  bool is_persistent = life.durable == DurableKind::kPersistent;
  if (claim.version2) {
    if (is_persistent && !claim.persistent) return NtStatus::kObjectNameNotFound;
    // An open of version 1 has no CreateGuid: version 2 reclaims it without one, as Windows has it
    // (smbtorture's durable-open.reopen2-lease).
    if (open.spec.create_guid != claim.create_guid) return NtStatus::kObjectNameNotFound;
  } else if (is_persistent) {
    // What version 2 has granted, version 1 may reclaim; Windows does not tell them apart there.
    return NtStatus::kObjectNameNotFound;
  }
  if (open.spec.share->name != claim.share->name) return NtStatus::kObjectNameNotFound;
  if (leased != claim.lease_key.has_value()) return NtStatus::kObjectNameNotFound;
  if (leased && open.spec.caching.lease.id.key != *claim.lease_key)
    return NtStatus::kObjectNameNotFound;
  // Lease.FileName; the name of an open with an oplock is not looked at.
  if (leased && !same_name(open.spec.path, claim.path)) return NtStatus::kInvalidParameter;
  // Open.DurableOwner.
  if (open.spec.identity->sid != claim.identity->sid) return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

OpenTable::Reclaimed OpenTable::reclaim_in(Stripe& stripe, OpenId id, const Reclaim& claim) {
  Open& open = *stripe.find(id);
  FileState& file = stripe.file_of(open);
  Reclaimed out;
  if (stripe.is_lost(file.caching.partners(id))) {
    bool kept = stripe.keeps_caching(id, open);
    // Where the share lets nobody have more than read caching (a cluster that scales out), Windows
    // grants that beside locks (smbtorture's reconnect-contended-failover).
    bool only_reads = (open.spec.share->max_caching & ~wire::smb2::LeaseState::kReadCaching) == 0;
    bool locked = !only_reads && file.locks.any_below(~std::uint64_t{0});
    file.caching.reclaimed(id, kept, locked, claim.lease_epoch, out.wakes);
    if (!kept) changed(stripe, file);
  }
  stripe.disconnected.erase(open.persistent_id);
  open.life.disconnected = false;
  open.life.expires_us = 0;
  open.life.channel.restart(claim.channel_sequence);
  open.spec.session = claim.session;
  open.spec.tree = claim.tree;
  open.spec.connection = claim.connection;
  open.spec.identity = claim.identity;
  static_cast<OpenView&>(out) = view_of(id, open);
  out.caching = file.caching.held_by(id);
  std::vector<CacheBreak> breaks;
  file.caching.tell_held_back(breaks);
  if (!breaks.empty()) changed(stripe, file);
  out.breaks = stripe.notices(open.spec.object, std::move(breaks));
  return out;
}

Result<OpenTable::Reclaimed> OpenTable::reclaim(const Reclaim& claim) {
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    auto found = stripe->disconnected.find(claim.persistent_id);
    if (found == stripe->disconnected.end()) continue;
    OpenId id = found->second;
    if (NtStatus s = check_reclaim(*stripe->find(id), claim); s != NtStatus::kSuccess)
      return fail(s);
    return reclaim_in(*stripe, id, claim);
  }
  return fail(NtStatus::kObjectNameNotFound);
}

std::uint64_t OpenTable::disconnected_of_guid(const Guid& create_guid, const Share& share) {
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    for (const auto& [persistent_id, id] : stripe->disconnected) {
      const Open& open = *stripe->find(id);
      if (open.life.durable == DurableKind::kPersistent && open.spec.create_guid == create_guid &&
          open.spec.share->name == share.name)
        return persistent_id;
    }
  }
  return 0;
}

bool OpenTable::expire(OpenId id, std::uint64_t now_us) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || !open->life.disconnected || open->life.expires_us > now_us) return false;
  return stripe->disconnected.erase(open->persistent_id) != 0;
}

bool OpenTable::gives_way(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open != nullptr && open->life.disconnected && !open->life.resilient &&
         open->life.durable != DurableKind::kPersistent;
}

bool OpenTable::Stripe::is_lost(const std::vector<OpenId>& ids) {
  bool persistent = false;
  for (OpenId id : ids) {
    const Open* open = find(id);
    if (open == nullptr || !open->life.disconnected) return false;
    persistent = persistent || open->life.durable == DurableKind::kPersistent;
  }
  return persistent;
}

bool OpenTable::Stripe::keeps_caching(OpenId id, const Open& open) {
  FileState& file = file_of(open);
  CachingGrant held = file.caching.held_by(id);
  bool handles = held.level == wire::smb2::OplockLevel::kBatch ||
                 (held.level == wire::smb2::OplockLevel::kLease &&
                  (held.lease.state & wire::smb2::LeaseState::kHandleCaching) != 0);
  if (!handles || file.caching.may_write_behind(id)) return handles;
  return std::ranges::all_of(file.caching.partners(id),
                             [&file](OpenId partner) { return file.locks.held_by(partner) == 0; });
}

// docs/decisions/0006-who-waits-for-a-lost-persistent-open.md
NtStatus OpenTable::Stripe::check_kept(const ObjectId& object) {
  if (disconnected.empty()) return NtStatus::kSuccess;
  auto found = files.find(object);
  if (found == files.end()) return NtStatus::kSuccess;
  bool refused = std::ranges::any_of(found->second.opens, [this](OpenId id) {
    const Open& open = *find(id);
    return open.life.disconnected && open.life.durable == DurableKind::kPersistent &&
           !keeps_caching(id, open);
  });
  return refused ? NtStatus::kFileNotAvailable : NtStatus::kSuccess;
}

void OpenTable::Stripe::refuse_entering(const ObjectId& object,
                                        const std::vector<WaitToken>& entering,
                                        std::vector<Wake>& wakes) {
  if (entering.empty() || check_kept(object) == NtStatus::kSuccess) return;
  for (Wake& wake : wakes)
    if (std::ranges::count(entering, wake.token) != 0) wake.status = NtStatus::kFileNotAvailable;
}

Result<OpenId> OpenTable::of_app_instance(const AppInstance& app, const Guid& client_guid,
                                          const Share& share, std::string_view path) {
  OpenId found = 0;
  NtStatus status = NtStatus::kSuccess;
  for_each_open([&](OpenId id, Open& open, Stripe&) {
    const OpenSpec& s = open.spec;
    if (found != 0 || !s.app_instance || s.app_instance->id != app.id) return;
    if (s.client_guid == client_guid || s.share->name != share.name) return;
    if (!same_name(s.path, path)) return;
    found = id;
    // The older of two that both know their version must not win (MS-SMB2 3.3.5.9.13).
    if (app.version && s.app_instance->version && *s.app_instance->version >= *app.version)
      status = NtStatus::kFileForcedClosed;
  });
  if (status != NtStatus::kSuccess) return fail(status);
  return found;
}

bool OpenTable::Stripe::knows_lock_sequence(const Open& open, bool multichannel) {
  return multichannel || open.life.resilient || open.life.durable != DurableKind::kNone;
}

NtStatus OpenTable::lock_replay(OpenId id, std::uint32_t index, std::uint8_t number,
                                bool multichannel) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return NtStatus::kFileClosed;
  if (!Stripe::knows_lock_sequence(*open, multichannel)) return NtStatus::kPending;
  return open->life.lock_sequence.is_replay(index, number) ? NtStatus::kSuccess
                                                           : NtStatus::kPending;
}

void OpenTable::lock_done(OpenId id, std::uint32_t index, std::uint8_t number, bool multichannel) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || !Stripe::knows_lock_sequence(*open, multichannel)) return;
  open->life.lock_sequence.done(index, number);
  changed(*stripe, id, *open);
}

std::vector<OpenId> OpenTable::disconnected() {
  std::vector<OpenId> ids;
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    for (const auto& [persistent_id, id] : stripe->disconnected) ids.push_back(id);
  }
  return ids;
}

bool OpenTable::Stripe::is_left_behind(OpenId id, const Open& open, const LeftBehind& by) {
  const OpenSpec& s = open.spec;
  if (!open.life.disconnected || s.client_guid != by.client_guid || s.identity == nullptr ||
      s.identity->sid != by.owner)
    return false;
  if (!by.kept_for_later) return true;
  FileState& file = file_of(open);
  CachingGrant held = file.caching.held_by(id);
  bool is_lease = held.level == wire::smb2::OplockLevel::kLease;
  if (is_lease && by.lease_key == held.lease.id.key) return false;
  bool handles = is_lease ? (held.lease.state & wire::smb2::LeaseState::kHandleCaching) != 0
                          : held.level == wire::smb2::OplockLevel::kBatch;
  return handles && open.life.durable == DurableKind::kPersistent && file.locks.held_by(id) == 0;
}

std::vector<OpenId> OpenTable::left_behind(const LeftBehind& by) {
  std::vector<OpenId> ids;
  auto look_in = [&](Stripe& stripe) {
    Lock lock(stripe.mutex);
    auto look_at = [&](OpenId id) {
      const Open& open = *stripe.find(id);
      bool asked_for = by.persistent_id == 0 || by.persistent_id == open.persistent_id;
      if (asked_for && stripe.is_left_behind(id, open, by)) ids.push_back(id);
    };
    if (by.kept_for_later) {
      auto file = stripe.files.find(*by.kept_for_later);
      if (file != stripe.files.end()) std::ranges::for_each(file->second.opens, look_at);
    } else if (by.persistent_id != 0) {
      auto found = stripe.disconnected.find(by.persistent_id);
      if (found != stripe.disconnected.end()) look_at(found->second);
    } else {
      for (const auto& [persistent_id, id] : stripe.disconnected) look_at(id);
    }
  };
  if (by.kept_for_later)
    look_in(stripe_of(by.kept_for_later->key));
  else
    for (auto& stripe : stripes_) look_in(*stripe);
  return ids;
}

}  // namespace holdfast::core
