// SPDX-License-Identifier: Apache-2.0
#include "core/notify/notify_table.h"

#include <algorithm>

namespace holdfast::core {
namespace {

/// The name of path seen from directory; empty when it is not watched there.
std::string_view name_below(std::string_view directory, std::string_view path, bool tree) {
  if (!directory.empty()) {
    if (path.size() <= directory.size() + 1 || !path.starts_with(directory) ||
        path[directory.size()] != '/')
      return {};
    path.remove_prefix(directory.size() + 1);
  }
  if (!tree && path.find('/') != std::string_view::npos) return {};
  return path;
}

}  // namespace

void NotifyTable::watch(OpenId open, Watch watch) {
  Lock lock(mutex_);
  if (watchers_.try_emplace(open, Watcher{std::move(watch), {}, false, {}}).second) ++count_;
}

NotifyTable::Ready NotifyTable::take(OpenId open, std::vector<NotifyEvent>& out) {
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  if (found == watchers_.end()) return Ready::kNo;
  Watcher& w = found->second;
  if (w.overflow) {
    w.overflow = false;
    w.events.clear();
    return Ready::kOverflow;
  }
  if (w.events.empty()) return Ready::kNo;
  out.assign(std::make_move_iterator(w.events.begin()), std::make_move_iterator(w.events.end()));
  w.events.clear();
  return Ready::kEvents;
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

void NotifyTable::remove(OpenId open, std::vector<Wake>& wakes) {
  if (idle()) return;
  Lock lock(mutex_);
  auto found = watchers_.find(open);
  if (found == watchers_.end()) return;
  for (WaitToken token : found->second.waiting) wakes.push_back({token, NtStatus::kNotifyCleanup});
  watchers_.erase(found);
  --count_;
}

void NotifyTable::report(const ports::Vfs* vfs, std::string_view path, NotifyAction action,
                         std::uint32_t filter, std::vector<Wake>& wakes) {
  if (idle()) return;
  Lock lock(mutex_);
  for (auto& [open, w] : watchers_) {
    if (w.watch.vfs != vfs || (w.watch.filter & filter) == 0) continue;
    std::string_view name = name_below(w.watch.path, path, w.watch.tree);
    if (name.empty()) continue;
    // Repeated changes of one file are one piece of news until the client has heard it.
    bool repeated = !w.events.empty() && action == NotifyAction::kModified &&
                    w.events.back().action == action && w.events.back().name == name;
    if (!repeated && !w.overflow) {
      if (w.events.size() == kMaxQueued) {
        w.overflow = true;
      } else {
        w.events.push_back({action, std::string(name)});
      }
    }
    // One request is answered; the others wait for what comes next. The two halves of a rename
    // belong into one answer.
    if (w.waiting.empty() || action == NotifyAction::kRenamedOldName) continue;
    wakes.push_back({w.waiting.front(), NtStatus::kSuccess});
    w.waiting.erase(w.waiting.begin());
  }
}

}  // namespace holdfast::core
