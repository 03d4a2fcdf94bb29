// SPDX-License-Identifier: Apache-2.0
#include "core/object/caching.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
using wire::smb2::OplockLevel;
using namespace wire::smb2::LeaseState;

constexpr std::uint32_t R = kReadCaching;
constexpr std::uint32_t W = kWriteCaching;
constexpr std::uint32_t H = kHandleCaching;

std::uint32_t state_of(OplockLevel level) {
  switch (level) {
    case OplockLevel::kII: return R;
    case OplockLevel::kExclusive: return R | W;
    case OplockLevel::kBatch: return R | W | H;
    default: return 0;
  }
}

/// Write or handle caching without read caching does not exist.
std::uint32_t valid(std::uint32_t state) { return (state & R) != 0 ? state & kAll : 0; }

}  // namespace

bool is_attribute_open(std::uint32_t access, bool for_lease) {
  std::uint32_t harmless =
      Access::kReadAttributes | Access::kWriteAttributes | Access::kSynchronize;
  if (for_lease) harmless |= Access::kReadControl;
  return (access & ~harmless) == 0;
}

bool StreamCaching::Holder::is(const Actor& actor) const {
  if (lease) return actor.lease == lease || actor.directory_key == lease->key;
  return opens.front() == actor.open;
}

/// What is left of the holder's state. An oplock knows no handle caching by itself: a batch oplock
/// is broken to level II or to nothing (MS-FSA 2.1.4.12).
std::uint32_t StreamCaching::Holder::without(std::uint32_t bits) const {
  if ((state & bits) == 0) return state;
  if (lease) return valid(state & ~bits);
  return (bits & R) != 0 ? 0 : R;
}

void StreamCaching::begin(Holder& holder, std::uint32_t to, bool follows_another,
                          std::vector<CacheBreak>& breaks) {
  bool must_acknowledge = (holder.state & (holder.lease ? W | H : W)) != 0;
  bool lost = is_lost(holder);
  if (must_acknowledge) {
    holder.serial = ++*last_serial_;
    holder.breaking_to = to;
    holder.told = !lost;
  }
  if (!lost) tell(holder, to, follows_another, breaks);
  if (must_acknowledge) return;
  if (lost && holder.lease && holder.version >= 2) ++holder.epoch;
  take(holder, to);
}

void StreamCaching::tell(Holder& holder, std::uint32_t to, bool follows_another,
                         std::vector<CacheBreak>& breaks) {
  CacheBreak notice;
  notice.is_lease = holder.lease.has_value();
  notice.opens.assign(holder.opens.rbegin(), holder.opens.rend());
  notice.current_state = holder.state;
  notice.new_state = to;
  notice.new_level = to != 0 ? OplockLevel::kII : OplockLevel::kNone;
  notice.must_acknowledge = holder.breaking();
  notice.serial = holder.serial;
  if (holder.lease) {
    notice.lease = *holder.lease;
    // One step of the epoch covers all breaks that follow from one.
    if (holder.version >= 2 && !follows_another) ++holder.epoch;
    notice.epoch = holder.version >= 2 ? holder.epoch : 0;
  }
  breaks.push_back(std::move(notice));
}

void StreamCaching::tell_held_back(std::vector<CacheBreak>& breaks) {
  for (Holder& holder : holders_) {
    if (!holder.breaking() || holder.told || is_lost(holder)) continue;
    // All that has come together meanwhile, under a number of its own: nobody waits any more for
    // an answer that the connection before was to bring.
    holder.serial = ++*last_serial_;
    holder.breaking_to = holder.wanted;
    holder.told = true;
    tell(holder, holder.wanted, false, breaks);
  }
}

void StreamCaching::reclaimed(OpenId open, bool kept, bool locked,
                              std::optional<std::uint16_t> epoch, std::vector<Wake>& wakes) {
  Holder* holder = holder_of(open);
  if (holder == nullptr) return;
  holder->told = false;
  if (kept) return;
  bool counts = holder->lease && holder->version >= 2;
  if (counts && epoch && static_cast<std::int16_t>(*epoch - holder->epoch) > 0)
    holder->epoch = *epoch;
  if ((holder->state & W) != 0) return;
  std::uint32_t left = holder->breaking() ? holder->state & holder->wanted : holder->state;
  if (std::exchange(holder->serial, 0) != 0) wake_all(wakes);
  take(*holder, locked ? 0 : valid(left));
  if (counts && holder->state != 0) ++holder->epoch;
}

void StreamCaching::take(Holder& holder, std::uint32_t state) {
  holder.state = state;
  if (!holder.lease && state_of(holder.level) != state)
    holder.level = state != 0 ? OplockLevel::kII : OplockLevel::kNone;
}

bool StreamCaching::demand(const Actor& actor, std::uint32_t bits, std::uint32_t wait_for,
                           std::vector<CacheBreak>& breaks) {
  bool must_wait = false;
  for (Holder& holder : holders_) {
    // A level II oplock knows no owner: it goes even with a change through its own open (MS-FSA
    // 2.1.4.12; so does Windows, smbtorture's levelii500 and brl2).
    bool own = holder.is(actor) && (holder.lease || (holder.state & W) != 0);
    if (own || is_attribute_open(actor.access, holder.lease.has_value())) continue;
    std::uint32_t to = holder.without(bits);
    if (to == holder.state) continue;
    must_wait = must_wait || (holder.state & wait_for) != 0;
    if (holder.breaking()) {
      holder.wanted = valid(holder.wanted & to);
    } else {
      holder.wanted = to;
      begin(holder, to, false, breaks);
    }
  }
  return must_wait;
}

// ---- granting ----

std::uint32_t StreamCaching::grantable(const CachingRequest& request, const Actor& actor,
                                       bool contended, bool locked) const {
  std::uint32_t allowed = contended ? R | H : R | H | W;
  bool shared_only = contended;
  for (const Holder& other : holders_) {
    if (other.state == 0 || other.is(actor)) continue;
    // Beside a writer there is nothing to cache. Only opens for attributes come so far.
    if ((other.state & W) != 0) return 0;
    allowed &= ~W;
    shared_only = true;
    // Level II oplocks and handle caching exclude each other (MS-FSA 2.1.5.18.2).
    if (actor.lease && !other.lease) allowed &= ~H;
    if (!actor.lease && other.lease && (other.state & H) != 0) return 0;
  }
  std::uint32_t wanted = actor.lease ? request.lease.state : state_of(request.level);
  if (locked && (shared_only || (wanted & W) == 0)) return 0;
  return valid(allowed & request.local);
}

CachingGrant StreamCaching::grant(OpenId open, const CachingRequest& request, bool contended,
                                  bool locked, std::uint32_t may_cache) {
  if (request.level != OplockLevel::kLease) {
    std::uint32_t wanted = state_of(request.level) & (may_cache == kAll ? kAll : 0);
    std::uint32_t allowed = grantable(request, {open, {}, 0, {}}, contended, locked);
    std::uint32_t state = (wanted & ~allowed) == 0 ? wanted : wanted & allowed & R;
    if (state == 0) return {};
    Holder& holder = holders_.emplace_back();
    holder.opens.push_back(open);
    holder.level = state == wanted ? request.level : OplockLevel::kII;
    holder.state = state;
    return grant_of(holder);
  }
  const LeaseRequest& asked = request.lease;
  std::uint32_t wanted = valid(asked.state & may_cache);
  std::uint32_t allowed = grantable(request, {open, asked.id, 0, {}}, contended, locked);
  Holder* holder = holder_of(asked.id);
  if (holder == nullptr) {
    holder = &holders_.emplace_back();
    holder->lease = asked.id;
    holder->level = OplockLevel::kLease;
    holder->version = asked.version;
    holder->epoch = asked.version >= 2 ? asked.epoch : 0;
    if (asked.version >= 2) holder->parent = asked.parent;
    holder->state = wanted & allowed;
    if (asked.version >= 2 && holder->state != 0) ++holder->epoch;
  } else if (!holder->breaking() && (wanted & ~allowed) == 0 && wanted != holder->state &&
             (holder->state & ~wanted) == 0) {
    // A lease is only ever raised to all that was asked for (smbtorture's upgrade2 and upgrade3
    // tell what Windows does).
    holder->state = wanted;
    if (holder->version >= 2) ++holder->epoch;
  }
  holder->opens.push_back(open);
  return grant_of(*holder);
}

void StreamCaching::restore(OpenId open, const CachingRequest& had) {
  bool leased = had.level == OplockLevel::kLease;
  if (!leased && had.level == OplockLevel::kNone) return;
  Holder* holder = leased ? holder_of(had.lease.id) : nullptr;
  bool newer = holder == nullptr || static_cast<std::int16_t>(had.lease.epoch - holder->epoch) > 0;
  if (holder == nullptr) holder = &holders_.emplace_back();
  holder->opens.push_back(open);
  holder->level = had.level;
  if (!newer) return;
  holder->state = leased ? valid(had.lease.state) : state_of(had.level);
  if (!leased) return;
  holder->lease = had.lease.id;
  holder->version = had.lease.version;
  holder->epoch = had.lease.epoch;
  holder->parent = had.lease.parent;
}

std::optional<StreamCaching::Breaking> StreamCaching::breaking(OpenId open) const {
  const Holder* holder = const_cast<StreamCaching*>(this)->holder_of(open);
  if (holder == nullptr || !holder->breaking()) return std::nullopt;
  return Breaking{holder->breaking_to, holder->wanted, holder->told};
}

std::uint64_t StreamCaching::restore_break(OpenId open, const Breaking& breaking) {
  Holder* holder = holder_of(open);
  if (holder == nullptr || holder->breaking()) return 0;
  holder->serial = ++*last_serial_;
  holder->breaking_to = valid(breaking.to & holder->state);
  holder->wanted = valid(breaking.wanted & holder->breaking_to);
  holder->told = breaking.told;
  return holder->serial;
}

CachingGrant StreamCaching::grant_of(const Holder& holder) {
  CachingGrant out;
  out.level = holder.level;
  out.breaking = holder.breaking();
  out.lease.state = holder.state;
  if (holder.lease) {
    out.lease.id = *holder.lease;
    out.lease.version = holder.version;
    out.lease.epoch = holder.epoch;
    out.lease.parent = holder.parent;
  }
  return out;
}

CachingGrant StreamCaching::held_by(OpenId open) const {
  Holder* holder = const_cast<StreamCaching*>(this)->holder_of(open);
  return holder == nullptr ? CachingGrant{} : grant_of(*holder);
}

std::vector<OpenId> StreamCaching::partners(OpenId open) const {
  Holder* holder = const_cast<StreamCaching*>(this)->holder_of(open);
  return holder == nullptr ? std::vector{open} : holder->opens;
}

std::vector<OpenId> StreamCaching::asked(std::uint64_t serial) const {
  for (const Holder& holder : holders_)
    if (serial != 0 && holder.serial == serial) return holder.opens;
  return {};
}

bool StreamCaching::may_write_behind(OpenId open) const {
  Holder* holder = const_cast<StreamCaching*>(this)->holder_of(open);
  return holder != nullptr && (holder->state & W) != 0;
}

std::uint32_t StreamCaching::all_held() const {
  std::uint32_t all = 0;
  for (const Holder& holder : holders_) all |= holder.state;
  return all;
}

// ---- the end of a break ----

StreamCaching::Holder* StreamCaching::holder_of(const LeaseId& lease) {
  auto found = std::ranges::find_if(holders_, [&](const Holder& h) { return h.lease == lease; });
  return found == holders_.end() ? nullptr : &*found;
}

StreamCaching::Holder* StreamCaching::holder_of(OpenId open) {
  auto found = std::ranges::find_if(
      holders_, [&](const Holder& h) { return std::ranges::count(h.opens, open) != 0; });
  return found == holders_.end() ? nullptr : &*found;
}

void StreamCaching::finish(Holder& holder, std::uint32_t state, std::vector<CacheBreak>& breaks,
                           std::vector<Wake>& wakes) {
  holder.serial = 0;
  take(holder, state);
  std::uint32_t to = valid(holder.wanted & state);
  if (to != state) {
    // Somebody came meanwhile who needs more. Handle caching is given back in a step of its own
    // (smbtorture's breaking3 tells what Windows does).
    bool first_handles = holder.lease && state == (R | H) && to == 0;
    begin(holder, first_handles ? R : to, true, breaks);
  }
  if (!holder.breaking()) wake_all(wakes);
}

NtStatus StreamCaching::acknowledge(OpenId open, OplockLevel& level,
                                    std::vector<CacheBreak>& breaks, std::vector<Wake>& wakes) {
  Holder* holder = holder_of(open);
  if (holder == nullptr || holder->lease || !holder->breaking()) {
    // Nothing was to be acknowledged: of level II and none Windows says so in other words.
    bool had_more = holder != nullptr && !holder->lease && holder->level > OplockLevel::kII;
    return had_more ? NtStatus::kInvalidDeviceState : NtStatus::kInvalidOplockProtocol;
  }
  NtStatus status = NtStatus::kSuccess;
  if (level == OplockLevel::kLease) status = NtStatus::kInvalidParameter;
  if (level != OplockLevel::kII && level != OplockLevel::kNone && level != OplockLevel::kLease)
    status = NtStatus::kInvalidOplockProtocol;
  // A client that wants more than it may keep gets nothing (MS-SMB2 3.3.5.22.1).
  if (status != NtStatus::kSuccess || (state_of(level) & ~holder->breaking_to) != 0)
    level = OplockLevel::kNone;
  finish(*holder, state_of(level), breaks, wakes);
  return status;
}

NtStatus StreamCaching::acknowledge(const LeaseId& lease, std::uint32_t state,
                                    std::vector<CacheBreak>& breaks, std::vector<Wake>& wakes) {
  Holder* holder = holder_of(lease);
  if (holder == nullptr) return NtStatus::kObjectNameNotFound;
  if (!holder->breaking()) return NtStatus::kUnsuccessful;
  if ((state & ~holder->breaking_to) != 0) return NtStatus::kRequestNotAccepted;
  finish(*holder, valid(state), breaks, wakes);
  return NtStatus::kSuccess;
}

bool StreamCaching::is_breaking(std::uint64_t serial) const {
  return serial != 0 &&
         std::ranges::any_of(holders_, [&](const Holder& h) { return h.serial == serial; });
}

bool StreamCaching::give_up(std::uint64_t serial, std::vector<Wake>& wakes) {
  for (Holder& holder : holders_) {
    if (serial == 0 || holder.serial != serial) continue;
    if (is_lost(holder)) return true;
    holder.serial = 0;
    take(holder, 0);
    wake_all(wakes);
    return true;
  }
  return false;
}

void StreamCaching::release(OpenId open, std::vector<Wake>& wakes) {
  Holder* holder = holder_of(open);
  if (holder == nullptr) return;
  std::erase(holder->opens, open);
  if (!holder->opens.empty()) return;
  holders_.erase(holders_.begin() + (holder - holders_.data()));
  wake_all(wakes);
}

void StreamCaching::wake_all(std::vector<Wake>& wakes) {
  for (WaitToken token : waiting_) wakes.push_back({token, NtStatus::kSuccess});
  waiting_.clear();
  entering_.clear();
}

}  // namespace holdfast::core
