// SPDX-License-Identifier: Apache-2.0
#include "service/server/local_opens.h"

#include "service/server/breaks.h"

namespace holdfast::service {
namespace {

using ports::LocalCoherence, ports::LocalGuard;
namespace smb2 = wire::smb2;
using namespace smb2::LeaseState;

LocalGuard guard_for(std::uint32_t state) {
  if ((state & kWriteCaching) != 0) return LocalGuard::kExclusive;
  return state != 0 ? LocalGuard::kShared : LocalGuard::kNone;
}

std::uint32_t allowed_by(LocalGuard guard) {
  if (guard == LocalGuard::kExclusive) return kAll;
  return guard == LocalGuard::kShared ? kReadCaching | kHandleCaching : 0;
}

std::uint32_t wanted_by(const core::CachingRequest& request) {
  switch (request.level) {
    case smb2::OplockLevel::kLease: return request.lease.state & kAll;
    case smb2::OplockLevel::kII: return kReadCaching;
    case smb2::OplockLevel::kExclusive: return kReadCaching | kWriteCaching;
    case smb2::OplockLevel::kBatch: return kAll;
    default: return 0;
  }
}

LocalCoherence::LockKind kind_of(core::LockCover cover) {
  switch (cover) {
    case core::LockCover::kExclusive: return LocalCoherence::LockKind::kExclusive;
    case core::LockCover::kShared: return LocalCoherence::LockKind::kShared;
    default: return LocalCoherence::LockKind::kNone;
  }
}

core::ObjectId object_of(const core::OpenView& open) { return {open.file->key(), ""}; }

}  // namespace

/// Files only: streams are attributes, which nobody opens, and directories are watched.
bool LocalOpens::concerns(const core::OpenView& open) const {
  return server_.env().local != nullptr && open.file != nullptr && open.share->local_coherence &&
         !open.is_directory && open.file->stream().empty();
}

// ---- caching ----

namespace {

/// Others have the file open for its data, and they or this open may write. Linux has no read lease
/// beside a writer, so that nobody can share what he caches then.
bool is_shared_with_writers(core::OpenTable& opens, const core::OpenSpec& spec) {
  namespace Access = smb2::FileAccess;
  namespace Sharing = smb2::ShareAccess;
  auto meets = [&](std::uint32_t share_access) {
    return opens.check_open(spec.object, {}, Access::kReadData, share_access) ==
           NtStatus::kSharingViolation;
  };
  bool writes = (spec.access & (Access::kWriteData | Access::kAppendData)) != 0;
  return meets(0) && (writes || meets(Sharing::kRead | Sharing::kDelete));
}

}  // namespace

std::uint32_t LocalOpens::leave(Request& r, const core::OpenSpec& spec, bool watched) {
  LocalCoherence* local = r.server.env().local;
  std::uint32_t wanted = wanted_by(spec.caching);
  if (wanted == 0 || local == nullptr) return kAll;
  if (spec.is_directory) return watched ? kAll : 0;
  // Others can change a stream without a trace, and what several clients hold of it together needs
  // somebody to watch over it: only who has it alone may cache it.
  if (!spec.object.stream.empty()) return r.server.opens().is_open(spec.object) ? 0 : kAll;
  // Another open with a lease that the client has already shares with nobody new.
  bool has_lease = spec.caching.level == smb2::OplockLevel::kLease &&
                   server_.opens().leased(spec.caching.lease.id) == spec.object;
  if (!has_lease && is_shared_with_writers(server_.opens(), spec)) return 0;
  return allowed_by(local->take(spec.object.key, guard_for(wanted)));
}

core::EnterOutcome LocalOpens::enter(Request& r, core::OpenSpec spec, core::WaitToken token,
                                     const core::OpenTable::LeftBehind& own, bool watched) {
  if (!spec.share->local_coherence) return server_.opens().enter(std::move(spec), token, &own);
  loop_.store(&r.loop);
  bool caches = wanted_by(spec.caching) != 0;
  core::EnterOutcome out;
  {
    Lock lock(deciding_);
    spec.caching.local = leave(r, spec, watched);
    out = server_.opens().enter(std::move(spec), token, &own);
  }
  // Others may have come since, or more was taken than is granted.
  if (caches) look_again(out.object);
  return out;
}

Task<std::shared_ptr<ports::ChangeWatch>> LocalOpens::watch(Request& r,
                                                            const core::OpenSpec& spec) {
  bool needed = spec.share->local_coherence && spec.is_directory && wanted_by(spec.caching) != 0;
  if (!needed) co_return nullptr;
  co_return co_await spec.share->vfs->watch_local_changes(r.io(), spec.file, false,
                                                          server_.local_change_sink());
}

void LocalOpens::keep(core::OpenId open, std::shared_ptr<ports::ChangeWatch> watch) {
  if (watch == nullptr) return;
  Lock lock(watches_mutex_);
  watches_[open] = std::move(watch);
}

void LocalOpens::entry_changed(const ports::Vfs& vfs, const std::string& path, bool lost) {
  Lock lock(stop_mutex_);
  ports::Executor* loop = loop_.load();
  if (stopped_ || loop == nullptr || !server_.opens().any_directory_leased()) return;
  loop->post([this, alive = std::weak_ptr(server_.alive()), loop, volume = &vfs, path, lost] {
    auto server_alive = alive.lock();
    if (server_alive == nullptr) return;
    for (const auto& share : server_.settings()->shares) {
      if (share->vfs.get() != volume) continue;
      if (lost)
        send_breaks(server_, *loop, server_.opens().break_directories_below(*share, path));
      else
        break_directory_leases(server_, *loop, *share, path, std::nullopt);
      return;
    }
  });
}

void LocalOpens::look_again(const core::ObjectId& object) { post(object, false); }

void LocalOpens::on_local_open(const ports::FileKey& key) { post({key, ""}, true); }

void LocalOpens::post(const core::ObjectId& object, bool locks_too) {
  Lock lock(stop_mutex_);
  ports::Executor* loop = loop_.load();
  if (stopped_ || loop == nullptr || !object.stream.empty()) return;
  loop->post(
      [weak = weak_from_this(), alive = std::weak_ptr(server_.alive()), loop, object, locks_too] {
        auto self = weak.lock();
        if (self == nullptr || alive.lock() == nullptr) return;
        self->reconcile(*loop, object);
        if (locks_too && !self->server_.opens().locks_of(object).empty())
          (void)self->cover(object, {0, core::kLockEnd, core::LockCover::kNone});
      });
}

void LocalOpens::reconcile(ports::Executor& loop, const core::ObjectId& object) {
  // What needs no acknowledgement is let go of at once; then there is less to be kept.
  for (int round = 0; round < 3; ++round) {
    std::vector<core::BreakNotice> breaks;
    {
      Lock lock(deciding_);
      LocalGuard needed = guard_for(server_.opens().cached(object));
      std::optional<LocalGuard> may = server_.env().local->keep(object.key, needed);
      if (!may || *may >= needed) return;
      breaks = server_.opens().break_for_local(object, kAll & ~allowed_by(*may));
    }
    if (breaks.empty()) return;
    send_breaks(server_, loop, std::move(breaks));
  }
}

void LocalOpens::stop() {
  Lock lock(stop_mutex_);
  stopped_ = true;
}

// ---- locks ----

bool LocalOpens::cover(const core::ObjectId& object, const core::CoveredRange& range) {
  Lock lock(deciding_);
  bool all = true;
  auto pieces = core::cover_of(server_.opens().locks_of(object), range.begin, range.end);
  // What goes is given back first: it is in nobody's way then.
  for (const core::CoveredRange& piece : pieces)
    if (piece.cover == core::LockCover::kNone)
      (void)server_.env().local->set_lock(object.key, piece.begin, piece.end,
                                          LocalCoherence::LockKind::kNone);
  for (const core::CoveredRange& piece : pieces)
    if (piece.cover != core::LockCover::kNone)
      all &=
          server_.env().local->set_lock(object.key, piece.begin, piece.end, kind_of(piece.cover));
  return all;
}

NtStatus LocalOpens::take_locks(const core::OpenView& open,
                                const std::vector<core::ByteRangeLocks::Range>& ranges) {
  if (!concerns(open)) return NtStatus::kSuccess;
  for (const auto& range : ranges)
    if (!cover(object_of(open), core::local_part(range))) return NtStatus::kLockNotGranted;
  return NtStatus::kSuccess;
}

void LocalOpens::release_locks(const core::OpenView& open,
                               const std::vector<core::ByteRangeLocks::Range>& ranges) {
  if (!concerns(open)) return;
  for (const auto& range : ranges) (void)cover(object_of(open), core::local_part(range));
}

NtStatus LocalOpens::check_locks(const core::OpenView& open, std::uint64_t offset,
                                 std::uint64_t length, bool write) {
  NtStatus status = server_.opens().check_locks(open.id, offset, length, write);
  if (status != NtStatus::kSuccess || !concerns(open)) return status;
  bool locked = server_.env().local->is_locked(open.file->key(), offset, length, write);
  return locked ? NtStatus::kFileLockConflict : status;
}

void LocalOpens::closed(core::OpenId open, const core::CloseOutcome& outcome) {
  if (outcome.share == nullptr || !outcome.share->local_coherence) return;
  if (outcome.is_directory) {
    std::shared_ptr<ports::ChangeWatch> ended;
    Lock lock(watches_mutex_);
    if (auto found = watches_.find(open); found != watches_.end()) {
      ended = std::move(found->second);
      watches_.erase(found);
    }
    return;
  }
  // Of the last open the descriptor goes as well, and takes all locks with it.
  if (outcome.object.stream.empty() && server_.opens().is_open(outcome.object))
    (void)cover(outcome.object, {0, core::kLockEnd, core::LockCover::kNone});
  look_again(outcome.object);
}

}  // namespace holdfast::service
