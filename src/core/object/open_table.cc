// SPDX-License-Identifier: Apache-2.0
#include "core/object/open_table.h"

#include <algorithm>

#include "base/limits.h"
#include "core/object/open_table_state.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;

constexpr std::uint32_t kReads = Access::kReadData | Access::kExecute;
constexpr std::uint32_t kWrites = Access::kWriteData | Access::kAppendData;

/// An open that neither reads, writes nor deletes takes no part in sharing (MS-FSA 2.1.5.1.2.2).
bool takes_part(std::uint32_t access) {
  return (access & (kReads | kWrites | Access::kDelete)) != 0;
}

/// Does what one open does fit what the other allows?
bool fits(std::uint32_t access, std::uint32_t allowed) {
  if ((access & kReads) != 0 && (allowed & Sharing::kRead) == 0) return false;
  if ((access & kWrites) != 0 && (allowed & Sharing::kWrite) == 0) return false;
  return (access & Access::kDelete) == 0 || (allowed & Sharing::kDelete) != 0;
}

}  // namespace

bool share_modes_conflict(std::uint32_t access_a, std::uint32_t share_a, std::uint32_t access_b,
                          std::uint32_t share_b) {
  if (!takes_part(access_a) || !takes_part(access_b)) return false;
  return !fits(access_a, share_b) || !fits(access_b, share_a);
}

OpenTable::OpenTable(std::uint64_t first_persistent_id) : next_persistent_id_(first_persistent_id) {
  for (std::size_t i = 0; i < kStripes; ++i) {
    stripes_[i] = std::make_unique<Stripe>();
    stripes_[i]->number = i;
  }
}
OpenTable::~OpenTable() = default;

OpenTable::Stripe& OpenTable::stripe_of(const ports::FileKey& key) {
  // Streams of one file share its stripe: the whole file is decided under one lock.
  std::uint64_t mixed = (key.inode ^ key.device) * 0x9E3779B97F4A7C15ull;
  return *stripes_[mixed >> 58];
}

OpenTable::Stripe* OpenTable::stripe_of(OpenId id) {
  return stripes_[id >> kStripeShift & (kStripes - 1)].get();
}

Link link_of(const OpenSpec& spec) {
  // A stream goes by all names of its file, and a directory has but one.
  return spec.is_directory || !spec.object.stream.empty() ? Link{} : name_of(spec);
}

Link name_of(const OpenSpec& spec) {
  return {spec.share == nullptr ? nullptr : spec.share->vfs.get(), spec.path};
}

OpenTable::Going* OpenTable::FileState::going_as(const Link& link) {
  auto found = std::ranges::find_if(
      going, [&](const Going& g) { return g.link == link || g.link == Link{}; });
  return found == going.end() ? nullptr : &*found;
}

NtStatus OpenTable::Stripe::check(const ObjectId& object, const Link& link, std::uint32_t access,
                                  std::uint32_t share_access) {
  if (NtStatus s = check_streams(object, link, access); s != NtStatus::kSuccess) return s;
  auto found = files.find(object);
  if (found == files.end()) return NtStatus::kSuccess;
  if (found->second.going_as(link) != nullptr) return NtStatus::kDeletePending;
  for (OpenId other_id : found->second.opens) {
    const OpenSpec& other = find(other_id)->spec;
    if (share_modes_conflict(access, share_access, other.access, other.share_access))
      return NtStatus::kSharingViolation;
  }
  return NtStatus::kSuccess;
}

Result<OpenId> OpenTable::open(OpenSpec spec) {
  spec.caching = {};
  EnterOutcome out = enter(std::move(spec), 0);
  if (out.status != NtStatus::kSuccess)
    return fail(out.status == NtStatus::kPending ? NtStatus::kSharingViolation : out.status);
  return out.id;
}

EnterOutcome OpenTable::enter(OpenSpec spec, WaitToken token, const LeftBehind* own) {
  EnterOutcome out;
  out.object = spec.object;
  bool has_lease = spec.caching.level == wire::smb2::OplockLevel::kLease;
  LeaseId lease = spec.caching.lease.id;
  if (has_lease && !leases_.bind(lease, spec.object)) {
    out.status = NtStatus::kInvalidParameter;
    return out;
  }
  std::uint64_t persistent_id;
  {
    Lock lock(counter_mutex_);
    persistent_id = next_persistent_id_++;
  }
  std::vector<Elsewhere> gone;
  {
    Stripe& stripe = stripe_of(spec.object.key);
    Lock lock(stripe.mutex);
    gone = enter_in(stripe, spec, persistent_id, token, own, out);
    // Breaks that nobody has to acknowledge, and a lease that was raised.
    if (auto file = stripe.files.find(spec.object);
        file != stripe.files.end() && (has_lease || !out.breaks.empty()))
      changed(stripe, file->second);
  }
  for (std::size_t i = 0; i < gone.size(); ++i) forget_elsewhere(gone[i], out.gave_way[i].outcome);
  if (out.status == NtStatus::kSuccess && leases_directory(spec))
    directory_leases_.add(spec.share->vfs.get(), spec.path, spec.object);
  if (has_lease && out.status != NtStatus::kSuccess) leases_.unbind(lease);
  return out;
}

std::vector<OpenTable::Elsewhere> OpenTable::enter_in(Stripe& stripe, const OpenSpec& spec,
                                                      std::uint64_t persistent_id, WaitToken token,
                                                      const LeftBehind* own, EnterOutcome& out) {
  std::vector<Elsewhere> gone;
  stripe.enter(spec, persistent_id, own == nullptr ? token : 0, out);
  if (own == nullptr ||
      (out.status != NtStatus::kPending && out.status != NtStatus::kFileNotAvailable))
    return gone;
  std::vector<OpenId> opens;
  if (auto file = stripe.files.find(spec.object); file != stripe.files.end())
    opens = file->second.opens;
  for (OpenId id : opens) {
    if (!stripe.is_left_behind(id, *stripe.find(id), *own)) continue;
    gone.push_back(close_in(stripe, id, out.gave_way.emplace_back(id, CloseOutcome{}).outcome));
  }
  std::vector<BreakNotice> told = std::move(out.breaks);
  stripe.enter(spec, persistent_id, token, out);
  out.breaks.insert(out.breaks.begin(), std::move_iterator(told.begin()),
                    std::move_iterator(told.end()));
  return gone;
}

NtStatus OpenTable::check_open(const ObjectId& object, const Link& link, std::uint32_t access,
                               std::uint32_t share_access) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  return stripe.check(object, link, access, share_access);
}

std::optional<OpenView> OpenTable::find(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return std::nullopt;
  return view_of(id, *open);
}

OpenView OpenTable::view_of(OpenId id, const Open& open) {
  const OpenSpec& s = open.spec;
  return OpenView{id,
                  open.persistent_id,
                  s.session,
                  s.tree,
                  s.file,
                  s.pipe,
                  s.share,
                  s.identity,
                  open.scan,
                  s.access,
                  s.options,
                  s.is_directory,
                  s.posix,
                  open.notes,
                  s.caching.lease.parent,
                  open.is_stable()};
}

std::optional<OpenView> OpenTable::find(wire::smb2::FileId file_id, SessionId session) {
  std::optional<OpenView> view = find(file_id.volatile_id);
  if (!view || view->persistent_id != file_id.persistent || view->session != session)
    return std::nullopt;
  return view;
}

CloseOutcome OpenTable::close(OpenId id) {
  CloseOutcome out;
  Elsewhere gone;
  {
    Stripe* stripe = stripe_of(id);
    Lock lock(stripe->mutex);
    gone = close_in(*stripe, id, out);
  }
  forget_elsewhere(gone, out);
  return out;
}

void OpenTable::forget_elsewhere(const Elsewhere& gone, const CloseOutcome& closed) {
  if (gone.restored != 0) {
    Lock lock(counter_mutex_);
    restored_.erase(gone.restored);
  }
  if (!gone.lease) return;
  leases_.unbind(*gone.lease);
  if (closed.is_directory)
    directory_leases_.remove(closed.share->vfs.get(), closed.path, closed.object);
}

OpenTable::Elsewhere OpenTable::close_in(Stripe& stripe, OpenId id, CloseOutcome& out) {
  Elsewhere elsewhere;
  std::optional<Open> open = stripe.opens.take(id & ~(0x3Full << kStripeShift));
  if (!open) return elsewhere;
  if (open->spec.caching.level == wire::smb2::OplockLevel::kLease)
    elsewhere.lease = open->spec.caching.lease.id;
  out.found = true;
  if (open->restored) elsewhere.restored = open->persistent_id;
  stripe.disconnected.erase(open->persistent_id);
  out.create_key = {open->spec.client_guid, open->spec.create_guid};
  out.file = open->spec.file;
  out.share = open->spec.share;
  out.identity = open->spec.identity;
  out.path = open->spec.path;
  out.session = open->spec.session;
  out.is_directory = open->spec.is_directory;
  out.object = open->spec.object;
  if (open->spec.pipe != nullptr) return elsewhere;
  OpenChange gone = closed(*open);
  out.modified = open->modified;
  out.parent_lease = open->spec.caching.lease.parent;

  auto found = stripe.files.find(open->spec.object);
  HF_ASSERT(found != stripe.files.end());
  FileState& file = found->second;
  std::erase(file.opens, id);
  file.locks.release(id, out.wakes);
  stripe.close_name(file, id, open->spec, out);
  if (open->spec.delete_on_close) changed(stripe, file);
  out.remove_durably = out.remove && open->is_stable();
  // A server that dies before the name is gone leaves it to the next one, by the open's record.
  if (!out.remove)
    tell_closed(stripe, std::move(gone));
  else if (gone.volume != nullptr)
    file.closed_after_removal.push_back(std::move(gone));
  if (!file.opens.empty()) {
    // The last of a lease's opens that was kept for its client may have gone.
    std::vector<CacheBreak> held_back;
    file.caching.tell_held_back(held_back);
    for (BreakNotice& notice : stripe.notices(out.object, std::move(held_back)))
      out.breaks.push_back(std::move(notice));
    return elsewhere;
  }
  if (file.going.empty()) stripe.files.erase(found);
  stripe.left(out);
  return elsewhere;
}

void OpenTable::Stripe::close_name(FileState& file, OpenId id, const OpenSpec& spec,
                                   CloseOutcome& out) {
  const Link link = link_of(spec);
  bool others = std::ranges::any_of(
      file.opens, [&](OpenId other) { return link_of(find(other)->spec) == link; });
  if (spec.delete_on_close && spec.posix) {
    // POSIX unlink: the name goes now, whoever else has the file open keeps it without a name.
    out.remove = true;
  } else if (spec.delete_on_close) {
    if (file.going_as(link) == nullptr) {
      file.going.push_back({link, false, out.parent_lease});
      out.marked_to_go = others;
    }
    out.breaks = demand(out.object, actor_of(id, spec), BreakReason::kNameChanges, 0).breaks;
  }
  Going* going = file.going_as(link);
  bool removing = !others && (going != nullptr || out.remove);
  if (removing) {
    if (going == nullptr) going = &file.going.emplace_back(Going{link, false, std::nullopt});
    going->removing = out.remove = true;
    // Two that are not of one mind: nobody knows of both (smbtorture's dirlease.unlink_*).
    if (going->parent_lease != out.parent_lease) out.parent_lease.reset();
  }
  // Who waits for the last holder goes on when the name is gone, and finds that it is.
  file.caching.release(id, removing ? file.wakes_after_removal : out.wakes);
}

void OpenTable::removal_finished(const CloseOutcome& closed, std::vector<Wake>& wakes,
                                 bool left_to_another) {
  Stripe& stripe = stripe_of(closed.object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(closed.object);
  if (found == stripe.files.end()) return;
  FileState& file = found->second;
  for (OpenChange& gone : std::exchange(file.closed_after_removal, {}))
    if (!left_to_another) tell_closed(stripe, std::move(gone));
  Link link;
  if (closed.object.stream.empty() && !closed.is_directory)
    link = {closed.share->vfs.get(), closed.path};
  // By now its directory may have another name.
  auto of_link = std::ranges::find_if(file.going, [&](const Going& g) { return g.link == link; });
  if (of_link == file.going.end()) of_link = std::ranges::find_if(file.going, &Going::removing);
  // Removed at once, as POSIX has it: others have the file open by that name, or may open it anew.
  if (of_link == file.going.end() || !of_link->removing) return;
  file.going.erase(of_link);
  for (const Wake& wake : std::exchange(file.wakes_after_removal, {})) wakes.push_back(wake);
  if (file.opens.empty() && file.going.empty()) stripe.files.erase(found);
}

bool OpenTable::set_delete_pending(OpenId id, bool pending) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return false;
  if (open->spec.posix) {
    open->spec.delete_on_close = pending;
    changed(*stripe, id, *open);
    return true;
  }
  FileState& file = stripe->file_of(*open);
  const Link link = link_of(open->spec);
  std::erase_if(file.going, [&](const Going& g) { return g.link == link; });
  if (pending) file.going.push_back({link, false, open->spec.caching.lease.parent});
  if (!pending) open->spec.delete_on_close = false;
  changed(*stripe, file);
  return true;
}

bool OpenTable::is_delete_pending(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open != nullptr && open->spec.pipe == nullptr &&
         stripe->file_of(*open).going_as(link_of(open->spec)) != nullptr;
}

std::size_t OpenTable::other_opens(OpenId id) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return 0;
  return stripe->file_of(*open).opens.size() - 1;
}

bool OpenTable::is_open(const ObjectId& object) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  return stripe.files.contains(object) ||
         (object.stream.empty() && stripe.streams.contains(object.key));
}

bool OpenTable::any_open_below(const Share& share, std::string_view path) {
  return !opens_below(share, path).empty();
}

void OpenTable::moved_below(const Share& share, std::string_view old_path,
                            std::string_view new_path) {
  std::string prefix = std::string(old_path) + "/";
  for_each_open([&](OpenId id, Open& open, Stripe& stripe) {
    if (open.spec.pipe != nullptr || open.spec.share->vfs != share.vfs ||
        !open.spec.path.starts_with(prefix))
      return;
    for (Going& going : stripe.file_of(open).going)
      if (going.link == name_of(open.spec)) going.link.path.replace(0, old_path.size(), new_path);
    open.spec.path.replace(0, old_path.size(), new_path);
    open.renaming_to.clear();
    changed(stripe, id, open);
  });
}

bool OpenTable::is_open_to_delete(const ObjectId& object) {
  Stripe& stripe = stripe_of(object.key);
  Lock lock(stripe.mutex);
  auto found = stripe.files.find(object);
  return found != stripe.files.end() && std::ranges::any_of(found->second.opens, [&](OpenId id) {
           return (stripe.find(id)->spec.access & wire::smb2::FileAccess::kDelete) != 0;
         });
}

std::vector<ObjectId> OpenTable::opens_below(const Share& share, std::string_view path) {
  std::vector<ObjectId> out;
  std::string prefix = path.empty() ? std::string() : std::string(path) + "/";
  for_each_open([&](OpenId, Open& open, Stripe&) {
    if (open.spec.pipe == nullptr && open.spec.share->vfs == share.vfs &&
        open.spec.path.size() > prefix.size() && open.spec.path.starts_with(prefix))
      out.push_back(open.spec.object);
  });
  return out;
}

std::shared_ptr<DirectoryScan> OpenTable::scan(OpenId id, std::shared_ptr<DirectoryScan> if_none) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return nullptr;
  if (open->scan == nullptr) open->scan = std::move(if_none);
  return open->scan;
}

NtStatus OpenTable::lock(OpenId id, const std::vector<ByteRangeLocks::Range>& ranges,
                         WaitToken token, std::vector<Wake>& wakes) {
  Stripe* stripe = stripe_of(id);
  Lock guard(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return NtStatus::kFileClosed;
  ByteRangeLocks& locks = stripe->file_of(*open).locks;
  if (locks.held_by(id) + ranges.size() > limits::kMaxLocksPerOpen)
    return NtStatus::kInsufficientResources;
  changed(*stripe, id, *open);
  if (ranges.size() == 1 && token != 0) return locks.lock_or_wait(id, ranges[0], token);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    NtStatus status = locks.lock(id, ranges[i]);
    if (status == NtStatus::kSuccess) continue;
    while (i-- > 0) (void)locks.unlock(id, ranges[i].offset, ranges[i].length, wakes);
    return status;
  }
  return NtStatus::kSuccess;
}

NtStatus OpenTable::unlock(OpenId id, const std::vector<ByteRangeLocks::Range>& ranges,
                           std::vector<Wake>& wakes) {
  Stripe* stripe = stripe_of(id);
  Lock guard(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr || open->spec.pipe != nullptr) return NtStatus::kFileClosed;
  ByteRangeLocks& locks = stripe->file_of(*open).locks;
  // Others whose waiting requests are granted tell of it when they go on.
  changed(*stripe, id, *open);
  for (const auto& range : ranges)
    if (NtStatus s = locks.unlock(id, range.offset, range.length, wakes); s != NtStatus::kSuccess)
      return s;
  return NtStatus::kSuccess;
}

bool OpenTable::cancel_lock(OpenId id, WaitToken token) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  return open != nullptr && open->spec.pipe == nullptr &&
         stripe->file_of(*open).locks.cancel(token);
}

NtStatus OpenTable::check_locks(OpenId id, std::uint64_t offset, std::uint64_t length, bool write) {
  Stripe* stripe = stripe_of(id);
  Lock lock(stripe->mutex);
  Open* open = stripe->find(id);
  if (open == nullptr) return NtStatus::kFileClosed;
  if (open->spec.pipe != nullptr) return NtStatus::kSuccess;
  return stripe->file_of(*open).locks.allows(id, offset, length, write)
             ? NtStatus::kSuccess
             : NtStatus::kFileLockConflict;
}

std::vector<OpenId> OpenTable::of_session(SessionId session) {
  std::vector<OpenId> ids;
  for_each_open([&](OpenId id, Open& open, Stripe&) {
    if (open.spec.session == session) ids.push_back(id);
  });
  return ids;
}

std::vector<OpenId> OpenTable::of_tree(SessionId session, std::uint32_t tree) {
  std::vector<OpenId> ids;
  for_each_open([&](OpenId id, Open& open, Stripe&) {
    if (open.spec.session == session && open.spec.tree == tree) ids.push_back(id);
  });
  return ids;
}

std::vector<OpenListing> OpenTable::list() {
  std::vector<OpenListing> out;
  for_each_open([&](OpenId id, Open& open, Stripe& stripe) {
    const OpenSpec& s = open.spec;
    OpenListing& l = out.emplace_back(OpenListing{id,
                                                  s.session,
                                                  s.identity ? s.identity->user : "",
                                                  s.share ? s.share->name : "",
                                                  s.path,
                                                  s.access,
                                                  s.share_access,
                                                  0,
                                                  s.is_directory,
                                                  s.created,
                                                  {}});
    if (s.pipe != nullptr) return;
    l.locks = stripe.file_of(open).locks.held_by(id);
    l.caching = stripe.file_of(open).caching.held_by(id);
  });
  return out;
}

std::size_t OpenTable::size() {
  std::size_t count = 0;
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    count += stripe->opens.size();
  }
  return count;
}

}  // namespace holdfast::core
