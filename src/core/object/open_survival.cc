// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "core/object/open_table_state.h"

/// What of an open outlives the server: which opens do, what changes of them, and how they come
/// back.
namespace holdfast::core {

using wire::smb2::OplockLevel;

bool OpenTable::Stripe::outlives_server(OpenId id, const Open& open) {
  if (open.spec.share->failover == nullptr) return false;
  if (open.life.durable == DurableKind::kPersistent) return true;
  return open.spec.share->keeps_durable && outlives_connection(id, open);
}

void OpenTable::changed(Stripe& stripe, OpenId id, Open& open) {
  if (open.spec.pipe != nullptr || open.spec.share->failover == nullptr || open.changed) return;
  bool may_survive = open.life.durable != DurableKind::kNone || open.life.resilient;
  if (!may_survive && !open.recorded) return;
  open.changed = true;
  stripe.changed.push_back(id);
  changed_stripes_.fetch_or(std::uint64_t{1} << stripe.number, std::memory_order_release);
}

void OpenTable::changed(Stripe& stripe, FileState& file) {
  for (OpenId id : file.opens) changed(stripe, id, *stripe.find(id));
}

OpenChange OpenTable::closed(const Open& open) {
  if (!open.recorded) return {};
  return {open.spec.share->failover, open.persistent_id, std::nullopt};
}

void OpenTable::tell_closed(Stripe& stripe, OpenChange gone) {
  if (gone.volume == nullptr) return;
  stripe.closed.push_back(std::move(gone));
  changed_stripes_.fetch_or(std::uint64_t{1} << stripe.number, std::memory_order_release);
}

std::vector<OpenChange> OpenTable::take_changes() {
  std::vector<OpenChange> out;
  std::uint64_t stripes = changed_stripes_.exchange(0, std::memory_order_acq_rel);
  for (; stripes != 0; stripes &= stripes - 1) {
    Stripe& stripe = *stripes_[static_cast<std::size_t>(std::countr_zero(stripes))];
    Lock lock(stripe.mutex);
    for (OpenChange& change : std::exchange(stripe.closed, {})) out.push_back(std::move(change));
    for (OpenId id : std::exchange(stripe.changed, {})) {
      Open* open = stripe.find(id);
      if (open == nullptr) continue;
      open->changed = false;
      bool survives = stripe.outlives_server(id, *open);
      if (!survives && !open->recorded) continue;
      open->recorded = survives;
      OpenChange& change = out.emplace_back();
      change.volume = open->spec.share->failover;
      change.persistent_id = open->persistent_id;
      if (survives) change.record = record_of(stripe, id, *open);
    }
  }
  return out;
}

bool OpenTable::outlives_server(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open != nullptr && open->spec.pipe == nullptr && stripe->outlives_server(id, *open);
}

std::string OpenTable::path_of(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open == nullptr ? std::string() : open->spec.path;
}

void OpenTable::notes_changed(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  if (Open* open = stripe->find(id)) changed(*stripe, id, *open);
}

std::optional<OpenRecord> OpenTable::record(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return std::nullopt;
  return record_of(*stripe, id, *open);
}

OpenRecord OpenTable::record_of(Stripe& stripe, OpenId id, const Open& open) {
  const OpenSpec& s = open.spec;
  const OpenLife& life = open.life;
  OpenRecord r;
  r.persistent_id = open.persistent_id;
  r.create_guid = s.create_guid;
  r.client_guid = s.client_guid;
  if (s.identity != nullptr) {
    r.owner = s.identity->sid;
    r.owner_name = s.identity->user;
  }
  r.app_instance = s.app_instance;
  r.share = s.share->name;
  r.key = s.object.key;
  r.stream = s.object.stream;
  r.path = s.path;
  r.renaming_to = open.renaming_to;
  r.is_directory = s.is_directory;
  r.access = s.access;
  r.share_access = s.share_access;
  r.options = s.options;
  r.delete_on_close = s.delete_on_close;
  r.posix = s.posix;
  r.must_seal = s.must_seal;
  r.created = s.created;
  r.create_action = life.create_action;
  r.durable = life.durable;
  r.durable_timeout_ms = life.durable_timeout_ms;
  r.resilient = life.resilient;
  r.resilient_timeout_ms = life.resilient_timeout_ms;
  FileState& file = stripe.file_of(open);
  r.delete_pending = file.going_as(link_of(s)) != nullptr;
  CachingGrant held = file.caching.held_by(id);
  r.oplock_level = held.level;
  if (held.level == OplockLevel::kLease)
    r.lease = {held.lease.id.key, held.lease.parent, held.lease.state, held.lease.epoch,
               held.lease.version};
  r.locks = file.locks.of(id);
  r.lock_sequence = life.lock_sequence;
  r.channel_sequence = life.channel.value();
  r.kept_times = open.notes->kept_times.load(std::memory_order_relaxed);
  r.mode = open.notes->mode.load(std::memory_order_relaxed);
  return r;
}

bool OpenTable::begin_rename(OpenId id, const std::string& old_path, const std::string& new_path) {
  std::optional<OpenSpec> renamed;
  {
    Stripe* stripe = stripe_of(id);
    Lock lock(stripe->mutex);
    Open* open = stripe->find(id);
    if (open != nullptr && open->spec.pipe == nullptr && open->spec.share->failover != nullptr)
      renamed = open->spec;
  }
  if (!renamed) return false;
  bool any = false;
  std::string prefix = old_path + "/";
  for_each_open([&](OpenId other, Open& open, Stripe& stripe) {
    if (open.spec.pipe != nullptr || open.spec.share->vfs != renamed->share->vfs) return;
    bool itself = open.spec.object.key == renamed->object.key && open.spec.path == renamed->path;
    if (!itself && !(renamed->is_directory && open.spec.path.starts_with(prefix))) return;
    if (new_path.empty())
      open.renaming_to.clear();
    else
      open.renaming_to = itself ? new_path : new_path + open.spec.path.substr(old_path.size());
    changed(stripe, other, open);
    any = any || stripe.outlives_server(other, open);
  });
  return any;
}

OpenSpec spec_of(const OpenRecord& r) {
  OpenSpec spec;
  spec.object = {r.key, r.stream};
  spec.path = r.path;
  spec.access = r.access;
  spec.share_access = r.share_access;
  spec.options = r.options;
  spec.is_directory = r.is_directory;
  spec.delete_on_close = r.delete_on_close;
  spec.posix = r.posix;
  spec.must_seal = r.must_seal;
  spec.created = r.created;
  spec.client_guid = r.client_guid;
  spec.create_guid = r.create_guid;
  spec.app_instance = r.app_instance;
  spec.caching.level = r.oplock_level;
  if (r.lease) {
    LeaseRequest& lease = spec.caching.lease;
    lease.id = {r.client_guid, r.lease->key};
    lease.state = r.lease->state;
    lease.version = r.lease->version;
    lease.epoch = r.lease->epoch;
    lease.parent = r.lease->parent_key;
  }
  return spec;
}

OpenLife life_of(const OpenRecord& r) {
  OpenLife life;
  life.durable = r.durable;
  life.durable_timeout_ms = r.durable_timeout_ms;
  life.resilient = r.resilient;
  life.resilient_timeout_ms = r.resilient_timeout_ms;
  // Its client may not have had the answer to the CREATE.
  life.replay_eligible = !r.create_guid.is_zero();
  life.create_action = r.create_action;
  life.lock_sequence = r.lock_sequence;
  life.channel.restart(r.channel_sequence);
  return life;
}

/// The part of restore() that can fail once the open is entered.
NtStatus OpenTable::restore_in(Stripe& stripe, OpenId id, const OpenRecord& record) {
  Open& open = *stripe.find(id);
  FileState& file = stripe.file_of(open);
  for (OpenId other_id : file.opens) {
    const OpenSpec& other = stripe.find(other_id)->spec;
    if (share_modes_conflict(record.access, record.share_access, other.access, other.share_access))
      return NtStatus::kSharingViolation;
  }
  file.opens.push_back(id);
  stripe.entered_stream(open.spec.object);
  file.caching.number_with(stripe.last_break, &stripe);
  file.caching.restore(id, open.spec.caching);
  for (const ByteRangeLocks::Range& range : record.locks)
    if (file.locks.lock(id, range) != NtStatus::kSuccess) return NtStatus::kLockNotGranted;
  const Link link = link_of(open.spec);
  if (record.delete_pending && file.going_as(link) == nullptr)
    file.going.push_back({link, false, open.spec.caching.lease.parent});
  return NtStatus::kSuccess;
}

Result<OpenId> OpenTable::restore(Restored restored) {
  const OpenRecord& record = restored.record;
  OpenSpec spec = spec_of(record);
  spec.share = restored.share;
  spec.identity = restored.identity;
  spec.object.key = restored.key;
  spec.file = restored.file;
  spec.path = restored.path;
  OpenLife life = life_of(record);
  life.disconnected = true;
  life.expires_us = restored.expires_us;
  bool has_lease = spec.caching.level == OplockLevel::kLease;
  if (has_lease && !leases_.bind(spec.caching.lease.id, spec.object))
    return fail(NtStatus::kInvalidParameter);
  {
    Lock lock(counter_mutex_);
    next_persistent_id_ = std::max(next_persistent_id_, record.persistent_id + 1);
  }
  OpenId id;
  NtStatus status;
  {
    Stripe& stripe = stripe_of(spec.object.key);
    Lock lock(stripe.mutex);
    auto notes = std::make_shared<OpenNotes>(record.mode);
    notes->kept_times.store(record.kept_times, std::memory_order_relaxed);
    Open open{spec, record.persistent_id, nullptr, std::move(life), std::move(notes)};
    open.recorded = true;
    open.restored = true;
    id = stripe.id_of(stripe.opens.emplace(std::move(open)));
    status = restore_in(stripe, id, record);
    if (status == NtStatus::kSuccess) stripe.disconnected[record.persistent_id] = id;
  }
  if (status == NtStatus::kSuccess) {
    if (leases_directory(spec))
      directory_leases_.add(spec.share->vfs.get(), spec.path, spec.object);
    Lock lock(counter_mutex_);
    restored_[record.persistent_id] = id;
    return id;
  }
  // Nothing is done to the object: its record goes, and with it what it wanted to do.
  CloseOutcome out = close(id);
  std::vector<Wake> wakes;
  if (out.remove) removal_finished(out, wakes);
  return fail(status);
}

std::optional<wire::smb2::FileId> OpenTable::renewed(wire::smb2::FileId file_id) {
  Lock lock(counter_mutex_);
  auto found = restored_.find(file_id.persistent);
  if (found == restored_.end() || found->second == file_id.volatile_id) return std::nullopt;
  return wire::smb2::FileId{file_id.persistent, found->second};
}

std::vector<OpenId> OpenTable::of_volume(const ports::Volume& volume) {
  std::vector<OpenId> ids;
  for_each_open([&](OpenId id, Open& open, Stripe&) {
    if (open.spec.share != nullptr && open.spec.share->failover.get() == &volume) ids.push_back(id);
  });
  return ids;
}

}  // namespace holdfast::core
