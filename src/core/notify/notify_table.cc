// SPDX-License-Identifier: Apache-2.0
#include "core/notify/notify_table.h"

#include <algorithm>

namespace holdfast::core {
namespace {

/// Octets of FILE_NOTIFY_INFORMATION for this name, with its padding (MS-FSCC 2.7.1).
std::size_t octets_of(std::string_view name) {
  std::size_t units = 0;
  for (char c : name) {
    auto octet = static_cast<unsigned char>(c);
    units += (octet & 0xC0) != 0x80;
    units += octet >= 0xF0;
  }
  return (12 + 2 * units + 3) & ~std::size_t{3};
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return directory.empty() || path == directory ||
         (path.size() > directory.size() && path.starts_with(directory) &&
          path[directory.size()] == '/');
}

bool is_modification(NotifyAction action) {
  return action == NotifyAction::kModified || action == NotifyAction::kModifiedStream;
}

}  // namespace

std::size_t NotifyTable::Hash::operator()(const DirectoryView& d) const {
  return std::hash<std::string_view>{}(d.path) ^
         std::hash<const void*>{}(d.vfs) * std::size_t{0x9E3779B97F4A7C15};
}

bool NotifyTable::watch(OpenId open, Watch watch) {
  Lock lock(mutex_);
  auto [at, fresh] = watchers_.try_emplace(open);
  if (!fresh) return false;
  directories_[{watch.vfs, watch.path}].push_back(open);
  at->second.watch = std::move(watch);
  ++count_;
  return true;
}

void NotifyTable::feed(OpenId open, std::shared_ptr<ports::ChangeWatch> source) {
  Lock lock(mutex_);
  // When it is not taken over, the caller's reference goes after the lock.
  if (auto found = watchers_.find(open); found != watchers_.end())
    found->second.source.swap(source);
}

NotifyTable::Given NotifyTable::collected(Watcher& w) {
  Given all;
  all.overflow = std::exchange(w.overflow, false);
  if (!all.overflow)
    all.events.assign(std::make_move_iterator(w.events.begin()),
                      std::make_move_iterator(w.events.end()));
  w.events.clear();
  w.octets = 0;
  return all;
}

NotifyTable::Ready NotifyTable::take(OpenId open, std::vector<NotifyEvent>& out) {
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  if (found == watchers_.end()) return Ready::kNo;
  Given all = collected(found->second);
  if (all.overflow) return Ready::kOverflow;
  if (all.events.empty()) return Ready::kNo;
  out = std::move(all.events);
  return Ready::kEvents;
}

NotifyTable::Ready NotifyTable::given(WaitToken token, std::vector<NotifyEvent>& out) {
  Lock lock(mutex_);
  auto found = given_.find(token);
  if (found == given_.end()) return Ready::kNo;
  bool overflow = found->second.overflow;
  out = std::move(found->second.events);
  given_.erase(found);
  return overflow ? Ready::kOverflow : Ready::kEvents;
}

bool NotifyTable::wait(OpenId open, WaitToken token) {
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  if (found == watchers_.end() || found->second.overflow || !found->second.events.empty())
    return false;
  found->second.waiting.push_back(token);
  return true;
}

bool NotifyTable::cancel(OpenId open, WaitToken token) {
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  return found != watchers_.end() && std::erase(found->second.waiting, token) != 0;
}

void NotifyTable::unlink(OpenId open, const Watch& watch) {
  auto directory = directories_.find(DirectoryView{watch.vfs, watch.path});
  if (directory == directories_.end()) return;
  std::erase(directory->second, open);
  if (directory->second.empty()) directories_.erase(directory);
}

void NotifyTable::remove(OpenId open, std::vector<Wake>& wakes) {
  if (idle()) return;
  // Ends outside the lock: that makes system calls.
  std::shared_ptr<ports::ChangeWatch> source;
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  if (found == watchers_.end()) return;
  source = std::move(found->second.source);
  for (WaitToken token : found->second.waiting) wakes.push_back({token, NtStatus::kNotifyCleanup});
  unlink(open, found->second.watch);
  watchers_.erase(found);
  --count_;
}

void NotifyTable::overflow(OpenId open, Watcher& w) {
  w.overflow = true;
  w.events.clear();
  w.octets = 0;
  if (!std::exchange(w.touched, true)) touched_.push_back(open);
}

void NotifyTable::tell(OpenId open, std::string_view name, const NotifyChange& change) {
  Watcher& w = watchers_.find(open)->second;
  if ((w.watch.filter & change.filter) == 0 || (w.watch.filter & change.unless_filter) != 0) return;
  if (!std::exchange(w.touched, true)) touched_.push_back(open);
  if (w.overflow) return;
  // Repeated changes of one file are one piece of news until the client has heard it.
  if (!w.events.empty() && is_modification(change.action) &&
      w.events.back().action == change.action && w.events.back().name == name)
    return;
  w.octets += octets_of(name);
  if (w.octets > std::min(w.watch.room, kMaxQueuedOctets) || w.events.size() == kMaxQueued) {
    overflow(open, w);
    return;
  }
  w.events.push_back({change.action, std::string(name)});
}

void NotifyTable::tell_one(const ports::Vfs* vfs, const NotifyChange& change) {
  std::string_view directory = change.path;
  bool parent = true;
  while (!directory.empty()) {
    std::size_t slash = directory.rfind('/');
    bool at_root = slash == std::string_view::npos;
    directory = at_root ? std::string_view{} : directory.substr(0, slash);
    if (auto found = directories_.find(DirectoryView{vfs, directory});
        found != directories_.end()) {
      std::string_view name = change.path.substr(at_root ? 0 : slash + 1);
      for (OpenId open : found->second)
        if (parent || watchers_.find(open)->second.watch.tree) tell(open, name, change);
    }
    parent = false;
  }
}

void NotifyTable::wake_touched(std::vector<Wake>& wakes) {
  for (OpenId open : touched_) {
    Watcher& w = watchers_.find(open)->second;
    w.touched = false;
    // One request is answered, with all that is there; the others wait for what comes next.
    if (w.waiting.empty()) continue;
    given_.emplace(w.waiting.front(), collected(w));
    wakes.push_back({w.waiting.front(), NtStatus::kSuccess});
    w.waiting.erase(w.waiting.begin());
  }
  touched_.clear();
}

void NotifyTable::report(const ports::Vfs* vfs, std::span<const NotifyChange> changes,
                         std::vector<Wake>& wakes) {
  if (idle()) return;
  Lock lock(mutex_);
  for (const NotifyChange& change : changes) tell_one(vfs, change);
  wake_touched(wakes);
}

void NotifyTable::directory_going(const ports::Vfs* vfs, std::string_view path,
                                  std::vector<Wake>& wakes) {
  if (idle()) return;
  Lock lock(mutex_);
  auto found = directories_.find(DirectoryView{vfs, path});
  if (found == directories_.end()) return;
  for (OpenId open : found->second) {
    Watcher& w = watchers_.find(open)->second;
    for (WaitToken token : w.waiting) wakes.push_back({token, NtStatus::kDeletePending});
    w.waiting.clear();
  }
}

void NotifyTable::directory_moved(const ports::Vfs* vfs, std::string_view from,
                                  std::string_view to) {
  if (idle()) return;
  Lock lock(mutex_);
  for (auto& [open, w] : watchers_) {
    if (w.watch.vfs != vfs || !is_at_or_below(w.watch.path, from)) continue;
    unlink(open, w.watch);
    w.watch.path = std::string(to) + w.watch.path.substr(from.size());
    directories_[{vfs, w.watch.path}].push_back(open);
  }
}

std::vector<NotifyTable::Held> NotifyTable::hand_over() {
  Lock lock(mutex_);
  std::vector<Held> out;
  for (const auto& [open, w] : watchers_)
    out.push_back({open, w.watch, w.overflow || !w.events.empty()});
  return out;
}

void NotifyTable::restore(Held held) {
  if (!watch(held.open, std::move(held.watch))) return;
  Lock lock(mutex_);
  watchers_.find(held.open)->second.overflow = held.missed;
}

void NotifyTable::lost_below(const ports::Vfs* vfs, std::string_view path,
                             std::vector<Wake>& wakes) {
  if (idle()) return;
  Lock lock(mutex_);
  for (auto& [open, w] : watchers_)
    if (w.watch.vfs == vfs && (is_at_or_below(w.watch.path, path) ||
                               (w.watch.tree && is_at_or_below(path, w.watch.path))))
      overflow(open, w);
  wake_touched(wakes);
}

}  // namespace holdfast::core
