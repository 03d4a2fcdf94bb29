// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/local_watcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>

#include <algorithm>

#include "platform/loop/blocking_pool.h"
#include "platform/vfs_posix/directory_reader.h"
#include "platform/vfs_posix/names.h"

#ifndef FAN_RENAME
#define FAN_RENAME 0x10000000
#endif

namespace holdfast::platform::posix {
namespace {

using ports::LocalChange;
using Kind = ports::LocalChange::Kind;

bool is_at_or_below(const std::string& path, const std::string& directory) {
  return directory.empty() || path == directory ||
         (path.size() > directory.size() && path.starts_with(directory) &&
          path[directory.size()] == '/');
}

LocalChange change(Kind kind, bool is_directory, const std::string& disk_path) {
  return {kind, is_directory, path_to_wire(disk_path), {}};
}

}  // namespace

class LocalWatcher::Watch final : public ports::ChangeWatch {
 public:
  Watch(std::shared_ptr<LocalWatcher> watcher, WatchId id)
      : watcher_(std::move(watcher)), id_(id) {}
  ~Watch() override { watcher_->end(id_); }

 private:
  const std::shared_ptr<LocalWatcher> watcher_;
  const WatchId id_;
};

LocalWatcher::LocalWatcher(std::shared_ptr<Share> share, const ports::Vfs& vfs)
    : share_(std::move(share)),
      vfs_(vfs),
      fanotify_(open_fanotify()),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

LocalWatcher::~LocalWatcher() {
  std::uint64_t one = 1;
  if (stop_) (void)!::write(stop_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

std::size_t LocalWatcher::directories() const {
  std::lock_guard lock(mutex_);
  return directories_.size();
}

std::shared_ptr<ports::ChangeWatch> LocalWatcher::watch(
    std::shared_ptr<PosixFile> directory, bool tree, std::weak_ptr<ports::LocalChangeSink> sink) {
  if (!fanotify_ || !stop_) return nullptr;
  std::string path;
  if (directory->key() != share_->root_key()) {
    auto place = directory->locate_now();
    if (!place) return nullptr;
    path = place->path();
  }
  WatchId id = 0;
  {
    std::lock_guard lock(mutex_);
    id = next_id_++;
    if (!add(id, directory->fd(), path, tree)) return nullptr;
    roots_[id] = directory;
    sink_ = std::move(sink);
    if (!thread_.joinable()) {
      SignalsBlocked blocked;
      thread_ = std::thread([this] { run(); });
    }
  }
  auto made = std::make_shared<Watch>(shared_from_this(), id);
  if (tree) add_tree(id, directory->fd(), path, nullptr);
  return made;
}

/// mutex_ is held.
bool LocalWatcher::add(WatchId id, int fd, const std::string& path, bool tree) {
  HandleKey key = handle_key_of(fd);
  if (key.empty()) return false;
  auto found = directories_.find(key);
  if (found == directories_.end()) {
    if (directories_.size() >= kMaxDirectories || !mark_directory(fanotify_.get(), fd))
      return false;
    found = directories_.emplace(std::move(key), Directory{path, {}}).first;
  }
  found->second.watches[id] |= tree;
  return true;
}

/// Adds what is below an added directory. found: gets what is there, for directories that are new.
void LocalWatcher::add_tree(WatchId id, int fd, const std::string& path, Changes* found) {
  auto reader = DirectoryReader::open(service(), fd);
  if (!reader) return;
  (void)reader->for_each([&](const RawEntry& e) {
    std::string below = join_path(path, e.name);
    bool is_directory = e.type == DT_DIR;
    if (found != nullptr) found->push_back(change(Kind::kCreated, is_directory, below));
    if (!is_directory) return true;
    auto child = open_beneath(service(), share_->root(), below, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!child) return true;
    {
      // With `found` the caller holds the lock.
      std::unique_lock lock(mutex_, std::defer_lock);
      if (found == nullptr) lock.lock();
      if (!add(id, child->get(), below, true)) return directories_.size() < kMaxDirectories;
    }
    add_tree(id, child->get(), below, found);
    return true;
  });
}

void LocalWatcher::end(WatchId id) {
  std::lock_guard lock(mutex_);
  roots_.erase(id);
  // Not std::erase_if, which shows its predicate constant elements.
  for (auto entry = directories_.begin(); entry != directories_.end();) {
    auto& [key, directory] = *entry;
    if (directory.watches.erase(id) == 0 || !directory.watches.empty()) {
      ++entry;
      continue;
    }
    auto fd = open_beneath(service(), share_->root(), directory.path, O_PATH | O_DIRECTORY);
    // Somewhere else by now: its events are of nobody's interest, and go unheard.
    if (fd && handle_key_of(fd->get()) == key) unmark_directory(fanotify_.get(), fd->get());
    entry = directories_.erase(entry);
  }
}

void LocalWatcher::run() {
  alignas(fanotify_event_metadata) char buffer[64 << 10];
  for (;;) {
    pollfd waiting[] = {{fanotify_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0) return;
    ssize_t n = ::read(fanotify_.get(), buffer, sizeof buffer);
    if (n <= 0) continue;
    Changes changes;
    std::shared_ptr<ports::LocalChangeSink> sink;
    {
      std::lock_guard lock(mutex_);
      for (const FanotifyEvent& event : parse_fanotify(buffer, static_cast<std::size_t>(n)))
        take(event, changes);
      sink = sink_.lock();
    }
    if (sink && !changes.empty()) sink->on_local_changes(vfs_, changes);
  }
}

LocalWatcher::Directory* LocalWatcher::find(const std::optional<FanotifyEvent::Name>& name) {
  if (!name) return nullptr;
  auto found = directories_.find(name->directory);
  return found == directories_.end() ? nullptr : &found->second;
}

void LocalWatcher::take(const FanotifyEvent& event, Changes& out) {
  if ((event.mask & FAN_Q_OVERFLOW) != 0) {
    out.push_back(change(Kind::kLost, true, ""));
    return;
  }
  if ((event.mask & FAN_RENAME) != 0) take_rename(event, out);
  if (!event.where) return;
  if ((event.mask & FAN_MOVE_SELF) != 0) relocate(event.where->directory);
  if (event.where->name != "." && find(event.where) != nullptr) take_name(event, *event.where, out);
}

void LocalWatcher::take_name(const FanotifyEvent& event, const FanotifyEvent::Name& where,
                             Changes& out) {
  // A copy: a new directory's own entries are added meanwhile.
  const Directory parent = *find(where);
  std::string path = join_path(parent.path, where.name);
  bool tell = !event.is_own;
  bool came = (event.mask & (FAN_CREATE | FAN_MOVED_TO)) != 0;
  bool went = (event.mask & (FAN_DELETE | FAN_MOVED_FROM)) != 0;
  auto tell_gone = [&] {
    if (event.is_directory) gone(path);
    if (tell) out.push_back(change(Kind::kRemoved, event.is_directory, path));
  };
  // Merged, the kernel does not say which was first; what is there now does.
  bool replaced = came && went &&
                  open_beneath(service(), share_->root(), path, O_PATH | O_NOFOLLOW).has_value();
  if (replaced) tell_gone();
  if (came) {
    if (tell) out.push_back(change(Kind::kCreated, event.is_directory, path));
    if (event.is_directory) new_directory(parent, path, event.is_own, out);
  }
  if (tell && (event.mask & FAN_MODIFY) != 0)
    out.push_back(change(Kind::kWritten, event.is_directory, path));
  if (tell && (event.mask & FAN_ATTRIB) != 0)
    out.push_back(change(Kind::kAttributes, event.is_directory, path));
  if (went && !replaced) tell_gone();
}

void LocalWatcher::take_rename(const FanotifyEvent& event, Changes& out) {
  Directory* from_directory = find(event.from);
  Directory* to_directory = find(event.to);
  std::string from, to;
  if (from_directory != nullptr) from = join_path(from_directory->path, event.from->name);
  if (to_directory != nullptr) to = join_path(to_directory->path, event.to->name);
  bool tell = !event.is_own;
  if (from_directory != nullptr && to_directory != nullptr) {
    if (event.is_directory) moved(from, to);
    if (!tell) return;
    LocalChange c = change(Kind::kRenamed, event.is_directory, from);
    c.new_path = path_to_wire(to);
    out.push_back(std::move(c));
  } else if (from_directory != nullptr) {
    if (event.is_directory) gone(from);
    if (tell) out.push_back(change(Kind::kRemoved, event.is_directory, from));
  } else if (to_directory != nullptr) {
    const Directory parent = *to_directory;
    if (tell) out.push_back(change(Kind::kCreated, event.is_directory, to));
    if (event.is_directory) new_directory(parent, to, true, out);
  }
}

/// A directory has come into a watched one: watches of the tree go on in it. What another process
/// has put there before it was marked is told as new; it may be told twice.
void LocalWatcher::new_directory(const Directory& parent, const std::string& path, bool is_own,
                                 Changes& out) {
  auto fd = open_beneath(service(), share_->root(), path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) return;
  bool first = !is_own;
  for (auto [id, tree] : parent.watches) {
    if (!tree || !add(id, fd->get(), path, true)) continue;
    Changes found;
    add_tree(id, fd->get(), path, &found);
    if (std::exchange(first, false)) std::move(found.begin(), found.end(), std::back_inserter(out));
  }
}

/// A directory has been removed, or has left what is watched.
void LocalWatcher::gone(const std::string& path) {
  std::erase_if(directories_,
                [&](const auto& entry) { return is_at_or_below(entry.second.path, path); });
}

void LocalWatcher::moved(const std::string& from, const std::string& to) {
  for (auto& [key, directory] : directories_)
    if (is_at_or_below(directory.path, from))
      directory.path = to + directory.path.substr(from.size());
}

/// A marked directory has another name. If it is one that was asked for, nobody may have told
/// which.
void LocalWatcher::relocate(const HandleKey& key) {
  auto found = directories_.find(key);
  if (found == directories_.end()) return;
  for (auto& [id, file] : roots_) {
    if (handle_key_of(file->fd()) != key) continue;
    if (auto place = file->locate_now(); place && place->path() != found->second.path)
      moved(std::string(found->second.path), place->path());
    return;
  }
}

}  // namespace holdfast::platform::posix
