// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/object/open_table_state.h"

/// Opens on their way from one binary of the server to the next: unlike after a restart, they are
/// still their sessions'.
namespace holdfast::core {

std::vector<OpenTable::HeldOpen> OpenTable::hand_over() {
  std::vector<HeldOpen> out;
  for_each_open([&](OpenId id, Open& open, Stripe& stripe) {
    HeldOpen& h = out.emplace_back();
    const OpenSpec& s = open.spec;
    h.is_pipe = s.pipe != nullptr;
    if (h.is_pipe) {
      h.record.persistent_id = open.persistent_id;
      h.record.path = s.path;
      h.record.access = s.access;
      h.record.share_access = s.share_access;
      h.record.created = s.created;
      if (s.share != nullptr) h.record.share = s.share->name;
    } else {
      h.record = record_of(stripe, id, open);
      FileState& file = stripe.file_of(open);
      if (const Going* going = file.going_as(link_of(s)))
        h.deleter_parent_lease = going->parent_lease;
      h.breaking = file.caching.breaking(id);
    }
    h.id = id;
    h.session = s.session;
    h.connection = s.connection;
    h.tree = s.tree;
    h.disconnected = open.life.disconnected;
    h.expires_us = open.life.expires_us;
    h.replay_eligible = open.life.replay_eligible;
    h.used = open.life.used;
    h.modified = open.modified;
    h.recorded = open.recorded;
    h.restored = open.restored;
    h.position = open.notes->position.load(std::memory_order_relaxed);
    h.file = s.file;
    h.scan = open.scan;
    h.share = s.share;
    h.identity = s.identity;
  });
  return out;
}

std::uint64_t OpenTable::next_persistent_id() {
  Lock lock(counter_mutex_);
  return next_persistent_id_;
}

void OpenTable::restore_next_persistent_id(std::uint64_t next) {
  Lock lock(counter_mutex_);
  next_persistent_id_ = std::max(next_persistent_id_, next);
}

OpenTable::TakenOver OpenTable::take_over(HeldOpen held) {
  const OpenRecord& record = held.record;
  OpenSpec spec = spec_of(record);
  spec.session = held.session;
  spec.tree = held.tree;
  spec.connection = held.connection;
  spec.share = held.share;
  spec.identity = held.identity;
  spec.file = held.file;
  spec.pipe = held.pipe;
  OpenLife life = life_of(record);
  life.replay_eligible = held.replay_eligible;
  life.used = held.used;
  life.disconnected = held.disconnected;
  life.expires_us = held.expires_us;
  TakenOver out;
  out.object = spec.object;
  Stripe& stripe = stripe_of(spec.object.key);
  if (held.id == 0 || &stripe != stripe_of(held.id))
    return out.status = NtStatus::kInvalidParameter, out;
  if (spec.caching.level == wire::smb2::OplockLevel::kLease &&
      !leases_.bind(spec.caching.lease.id, spec.object))
    return out.status = NtStatus::kInvalidParameter, out;
  {
    Lock lock(stripe.mutex);
    auto notes = std::make_shared<OpenNotes>(record.mode);
    notes->kept_times.store(record.kept_times, std::memory_order_relaxed);
    notes->position.store(held.position, std::memory_order_relaxed);
    Open open{spec, record.persistent_id, held.scan, std::move(life), std::move(notes)};
    open.recorded = held.recorded;
    open.restored = held.restored;
    open.modified = held.modified;
    if (stripe.opens.emplace_at(held.id & ~(0x3Full << kStripeShift), std::move(open)) == nullptr) {
      out.status = NtStatus::kInvalidParameter;
    } else if (!held.is_pipe) {
      out.status = restore_in(stripe, held.id, record);
      FileState& file = stripe.files[spec.object];
      if (Going* going = file.going_as(link_of(spec)))
        going->parent_lease = held.deleter_parent_lease;
      if (held.breaking) out.break_serial = file.caching.restore_break(held.id, *held.breaking);
      if (held.disconnected) stripe.disconnected[record.persistent_id] = held.id;
    }
  }
  if (out.status == NtStatus::kSuccess) {
    if (leases_directory(spec))
      directory_leases_.add(spec.share->vfs.get(), spec.path, spec.object);
    Lock lock(counter_mutex_);
    if (held.restored) restored_[record.persistent_id] = held.id;
    return out;
  }
  // Nothing is done to the object.
  CloseOutcome closed = close(held.id);
  std::vector<Wake> wakes;
  if (closed.remove) removal_finished(closed, wakes);
  return out;
}

std::unordered_set<std::uint64_t> OpenTable::recorded() {
  std::unordered_set<std::uint64_t> out;
  for_each_open([&](OpenId, Open& open, Stripe&) {
    if (open.recorded) out.insert(open.persistent_id);
  });
  return out;
}

}  // namespace holdfast::core
