// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/object/open_table_state.h"

namespace holdfast::core {
using namespace wire::smb2::LeaseState;

StreamCaching::Actor actor_of(OpenId id, const OpenSpec& spec) {
  StreamCaching::Actor actor;
  actor.open = id;
  if (spec.caching.level == wire::smb2::OplockLevel::kLease) actor.lease = spec.caching.lease.id;
  return actor;
}

bool leases_directory(const OpenSpec& spec) {
  return spec.is_directory && spec.caching.level == wire::smb2::OplockLevel::kLease;
}

NtStatus OpenTable::Stripe::make_room(const OpenSpec& spec, std::vector<CacheBreak>& breaks) {
  if (NtStatus s = check_kept(spec.object); s != NtStatus::kSuccess) return s;
  // Whoever replaces the data writes it, whatever else he wants to do. MS-FSA 2.1.5.1.2.1 says so
  // of the access check; that it counts beside others' share modes too is smbtorture's
  // reconnect-contended-win-broken.
  std::uint32_t access = spec.access | (spec.overwrites ? wire::smb2::FileAccess::kWriteData : 0);
  NtStatus status = check(spec.object, name_of(spec), access, spec.share_access);
  auto found = files.find(spec.object);
  if (found == files.end()) return status;
  StreamCaching& caching = found->second.caching;
  StreamCaching::Actor actor = actor_of(0, spec);
  actor.access = spec.overwrites ? ~0u : spec.access;
  // A client may keep handles open that its programs have closed: it is asked to close them (MS-FSA
  // 2.1.5.1.2.2).
  if (status == NtStatus::kSharingViolation)
    return caching.demand(actor, kHandleCaching, kHandleCaching, breaks) ? NtStatus::kPending
                                                                         : status;
  if (status != NtStatus::kSuccess) return status;
  std::uint32_t bits = spec.overwrites ? kReadCaching | kWriteCaching : kWriteCaching;
  bool waits = caching.demand(actor, bits, kWriteCaching, breaks);
  // What is to be deleted is not kept open (as Windows has it: smbtorture's lease.unlink).
  if (!waits && spec.delete_on_close)
    waits = caching.demand(actor, kHandleCaching, kHandleCaching, breaks);
  return waits ? NtStatus::kPending : NtStatus::kSuccess;
}

void OpenTable::Stripe::enter(const OpenSpec& spec, std::uint64_t persistent_id, WaitToken token,
                              EnterOutcome& out) {
  bool is_pipe = spec.pipe != nullptr;
  if (opens.size() >= (1u << kStripeShift) - 1) {
    out.status = NtStatus::kInsufficientResources;
    return;
  }
  std::vector<CacheBreak> breaks;
  if (!is_pipe) out.status = make_room(spec, breaks);
  out.breaks = notices(out.object, std::move(breaks));
  if (out.status == NtStatus::kPending && token != 0) files[out.object].caching.wait(token, true);
  if (out.status != NtStatus::kSuccess) return;
  OpenId slot = opens.emplace(
      Open{spec, persistent_id, nullptr, {}, std::make_shared<OpenNotes>(spec.options), false});
  out.id = id_of(slot);
  if (is_pipe) return;
  FileState& file = files[out.object];
  const OpenSpec& s = find(out.id)->spec;
  StreamCaching::Actor actor = actor_of(out.id, s);
  bool contended = std::ranges::any_of(file.opens, [&](OpenId other) {
    const OpenSpec& o = find(other)->spec;
    bool same_lease = actor.lease && actor_of(other, o).lease == actor.lease;
    // Reading the descriptor breaks no lease, but is somebody else all the same when one is asked
    // for (smbtorture's durable-v2-open.nonstat-and-lease).
    return !same_lease && !is_attribute_open(o.access, false);
  });
  file.caching.number_with(last_break, this);
  file.opens.push_back(out.id);
  entered_stream(out.object);
  out.caching = file.caching.grant(out.id, s.caching, contended,
                                   file.locks.any_below(s.allocation_size), s.may_cache);
  // Its client can be reached again, through this open of the same lease.
  std::vector<CacheBreak> held_back;
  file.caching.tell_held_back(held_back);
  for (BreakNotice& notice : notices(out.object, std::move(held_back)))
    out.breaks.push_back(std::move(notice));
}

std::vector<BreakNotice> OpenTable::Stripe::notices(const ObjectId& object,
                                                    std::vector<CacheBreak> breaks) {
  std::vector<BreakNotice> out;
  for (CacheBreak& b : breaks) {
    BreakNotice& notice = out.emplace_back();
    notice.object = object;
    for (OpenId id : b.opens) {
      const Open* open = find(id);
      HF_ASSERT(open != nullptr);
      notice.must_seal = notice.must_seal || open->spec.must_seal;
      notice.persistent_id = open->persistent_id;
      if (std::ranges::count(notice.sessions, open->spec.session) == 0)
        notice.sessions.push_back(open->spec.session);
    }
    notice.what = std::move(b);
  }
  return out;
}

BreakOutcome OpenTable::Stripe::demand(const ObjectId& object, const StreamCaching::Actor& actor,
                                       BreakReason reason, WaitToken token) {
  BreakOutcome out;
  out.object = object;
  auto found = files.find(object);
  if (found == files.end()) return out;
  StreamCaching& caching = found->second.caching;
  bool data = reason != BreakReason::kNameChanges;
  std::vector<CacheBreak> breaks;
  bool must_wait = caching.demand(actor, data ? kReadCaching | kWriteCaching : kHandleCaching,
                                  data ? kWriteCaching : kHandleCaching, breaks);
  out.breaks = notices(object, std::move(breaks));
  if (!must_wait) return out;
  out.status = NtStatus::kPending;
  if (token != 0) caching.wait(token);
  return out;
}

BreakOutcome OpenTable::break_caching(OpenId id, BreakReason reason, WaitToken token) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return {};
  if (reason == BreakReason::kWrite) open->modified = true;
  BreakOutcome out = stripe->demand(open->spec.object, actor_of(id, open->spec), reason, token);
  if (!out.breaks.empty()) changed(*stripe, stripe->file_of(*open));
  return out;
}

BreakOutcome OpenTable::break_caching(const ObjectId& object, BreakReason reason, WaitToken token) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  BreakOutcome out = stripe.demand(object, {}, reason, token);
  if (!out.breaks.empty()) changed(stripe, stripe.files[object]);
  return out;
}

std::vector<BreakNotice> OpenTable::break_directory(const Share& share, const std::string& path,
                                                    const std::optional<Guid>& parent_lease) {
  std::vector<BreakNotice> out;
  StreamCaching::Actor actor;
  actor.directory_key = parent_lease;
  for (const ObjectId& object : directory_leases_.find(share.vfs.get(), path)) {
    Stripe& stripe = stripe_of(object.key);
    Lock lock(stripe.mutex);
    BreakOutcome outcome = stripe.demand(object, actor, BreakReason::kDataChanges, 0);
    if (!outcome.breaks.empty()) changed(stripe, stripe.files[object]);
    for (BreakNotice& notice : outcome.breaks) out.push_back(std::move(notice));
  }
  return out;
}

std::uint32_t OpenTable::cached(const ObjectId& object) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  return found == stripe.files.end() ? 0 : found->second.caching.all_held();
}

std::vector<BreakNotice> OpenTable::break_for_local(const ObjectId& object, std::uint32_t bits) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  if (found == stripe.files.end()) return {};
  std::vector<CacheBreak> breaks;
  (void)found->second.caching.demand({}, bits, 0, breaks);
  if (!breaks.empty()) changed(stripe, found->second);
  return stripe.notices(object, std::move(breaks));
}

std::vector<BreakNotice> OpenTable::end_write_caching(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return {};
  FileState& file = stripe->file_of(*open);
  if (!file.caching.may_write_behind(id)) return {};
  std::vector<CacheBreak> breaks;
  (void)file.caching.demand({}, kWriteCaching, 0, breaks);
  if (!breaks.empty()) changed(*stripe, file);
  return stripe->notices(open->spec.object, std::move(breaks));
}

std::vector<ByteRangeLocks::Range> OpenTable::locks_of(const ObjectId& object) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  if (found == stripe.files.end()) return {};
  return found->second.locks.all();
}

std::vector<BreakNotice> OpenTable::break_directories_below(const Share& share,
                                                            const std::string& path) {
  std::vector<BreakNotice> out;
  for (const ObjectId& object : directory_leases_.find_below(share.vfs.get(), path)) {
    Stripe& stripe = stripe_of(object.key);
    Lock lock(stripe.mutex);
    BreakOutcome outcome = stripe.demand(object, {}, BreakReason::kDataChanges, 0);
    if (!outcome.breaks.empty()) changed(stripe, stripe.files[object]);
    for (BreakNotice& notice : outcome.breaks) out.push_back(std::move(notice));
  }
  return out;
}

bool OpenTable::cancel_break_wait(const ObjectId& object, WaitToken token) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  return found != stripe.files.end() && found->second.caching.cancel(token);
}

BreakOutcome OpenTable::acknowledge(OpenId id, wire::smb2::OplockLevel& level) {
  BreakOutcome out;
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) {
    out.status = NtStatus::kFileClosed;
    return out;
  }
  out.object = open->spec.object;
  std::vector<CacheBreak> breaks;
  FileState& file = stripe->file_of(*open);
  std::vector<WaitToken> entering = file.caching.entering();
  out.status = file.caching.acknowledge(id, level, breaks, out.wakes);
  stripe->refuse_entering(out.object, entering, out.wakes);
  changed(*stripe, file);
  out.breaks = stripe->notices(out.object, std::move(breaks));
  return out;
}

BreakOutcome OpenTable::acknowledge(const LeaseId& lease, std::uint32_t state) {
  BreakOutcome out;
  out.status = NtStatus::kObjectNameNotFound;
  std::optional<ObjectId> object = leases_.find(lease);
  if (!object) return out;
  out.object = *object;
  Stripe& stripe = stripe_of(object->key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(*object);
  if (found == stripe.files.end()) return out;
  std::vector<CacheBreak> breaks;
  std::vector<WaitToken> entering = found->second.caching.entering();
  out.status = found->second.caching.acknowledge(lease, state, breaks, out.wakes);
  // What is left may be too little for others of the lease's opens that are still lost.
  stripe.refuse_entering(*object, entering, out.wakes);
  changed(stripe, found->second);
  out.breaks = stripe.notices(*object, std::move(breaks));
  return out;
}

bool OpenTable::give_up_break(const ObjectId& object, std::uint64_t serial,
                              std::vector<Wake>& wakes) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  if (found == stripe.files.end() || !found->second.caching.give_up(serial, wakes)) return false;
  changed(stripe, found->second);
  return true;
}

bool OpenTable::may_come_back(const ObjectId& object, std::uint64_t serial) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  return found != stripe.files.end() &&
         std::ranges::any_of(found->second.caching.asked(serial), [&stripe](OpenId id) {
           return stripe.find(id)->life.durable == DurableKind::kPersistent;
         });
}

bool OpenTable::is_breaking(const ObjectId& object, std::uint64_t serial) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  return found != stripe.files.end() && found->second.caching.is_breaking(serial);
}

CachingGrant OpenTable::held_by(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return {};
  return stripe->file_of(*open).caching.held_by(id);
}

}  // namespace holdfast::core
