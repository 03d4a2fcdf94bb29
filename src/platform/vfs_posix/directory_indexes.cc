// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/directory_indexes.h"

#include <fcntl.h>
#include <sys/inotify.h>

#include <cstring>

#include "platform/vfs_posix/directory_reader.h"
#include "platform/vfs_posix/features.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::uint32_t kWatched = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
/// Changes closer together than this may leave the same change time (kernels before 6.13).
constexpr std::int64_t kTimeGranularity_ns = 20'000'000;

std::int64_t nanoseconds(const statx_timestamp& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

std::int64_t now_ns() {
  timespec t;
  ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

struct DirectoryIndexes::Directory {
  FileKey key;
  /// -1: not watched, `stamp` decides.
  int watch = -1;
  bool building = true;
  /// No longer in by_key_: what is being built is of no use.
  bool dropped = false;
  FoldedIndex names;
  std::size_t charged = 0;
  std::int64_t stamp = 0;
  /// Events that came while the directory was being read.
  std::vector<std::pair<std::uint32_t, std::string>> pending;
  std::list<Entry>::iterator place;
};

DirectoryIndexes::DirectoryIndexes(Options options) : options_(options) {
  if (options_.use_inotify) inotify_ = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

DirectoryIndexes::~DirectoryIndexes() = default;

DirectoryIndexes::Counters DirectoryIndexes::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

std::size_t DirectoryIndexes::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

Result<std::optional<std::string>> DirectoryIndexes::find(int directory, std::string_view name,
                                                          Blocking blocking) {
  auto st = stat_fd(directory);
  if (!st) return fail(st.error());
  if (!S_ISDIR(st->stx_mode)) return fail(NtStatus::kObjectPathNotFound);
  return find(directory, key_of(*st), name, blocking);
}

Result<std::optional<std::string>> DirectoryIndexes::find(int directory, FileKey key,
                                                          std::string_view name,
                                                          Blocking blocking) {
  std::unique_lock lock(mutex_);
  for (;;) {
    take_events();
    auto found = by_key_.find(key);
    if (found != by_key_.end() && !found->second->building) {
      Entry entry = found->second;
      if (entry->watch >= 0 || is_unchanged(*entry, directory)) {
        used_.splice(used_.begin(), used_, entry->place);
        return entry->names.find(name);
      }
      drop(entry);
      found = by_key_.end();
    }
    if (blocking == Blocking::kNo) return fail(kWouldBlock);
    if (found == by_key_.end()) return build_and_find(lock, directory, key, name);
    built_.wait(lock);
  }
}

bool DirectoryIndexes::is_unchanged(const Directory& entry, int directory) {
  auto st = stat_fd(directory);
  return st && entry.stamp == nanoseconds(st->stx_ctime);
}

Result<std::optional<std::string>> DirectoryIndexes::build_and_find(
    std::unique_lock<std::mutex>& lock, int directory, FileKey key, std::string_view name) {
  auto entry = std::make_shared<Directory>();
  entry->key = key;
  by_key_[key] = entry;
  used_.push_front(entry);
  entry->place = used_.begin();
  ++counters_.scans;
  lock.unlock();
  // The share's file system may have another one mounted in it, which may take its time to answer.
  bool watchable = inotify_ && !is_remote_file_system(directory);
  lock.lock();
  if (watchable && !entry->dropped) {
    // As long as the watch is there before the first name is read, no change is missed.
    entry->watch = ::inotify_add_watch(inotify_.get(), ProcPath(directory).c_str(), kWatched);
    if (entry->watch >= 0) by_watch_[entry->watch] = entry;
  }
  lock.unlock();

  std::int64_t began = now_ns();
  auto before = stat_fd(directory);
  FoldedIndex names;
  auto reader = DirectoryReader::open(service(), directory);
  Result<void> read =
      before && reader ? Result<void>{} : fail(before ? reader.error() : before.error());
  if (read) {
    read = reader->for_each([&names](const RawEntry& e) {
      names.add(e.name);
      return true;
    });
  }

  lock.lock();
  built_.notify_all();
  take_events();
  entry->building = false;
  if (!read) {
    drop(entry);
    return fail(read.error());
  }
  entry->names = std::move(names);
  for (auto& [mask, changed] : entry->pending) apply(entry, mask, changed);
  entry->pending = {};
  auto found = entry->names.find(name);
  if (entry->dropped) return found;
  entry->stamp = nanoseconds(before->stx_ctime);
  bool may_hide_a_change = entry->watch < 0 && began - entry->stamp < kTimeGranularity_ns;
  if (may_hide_a_change) {
    drop(entry);
    return found;
  }
  entry->charged = entry->names.bytes();
  bytes_ += entry->charged;
  make_room();
  return found;
}

void DirectoryIndexes::take_events() {
  if (!inotify_ || by_watch_.empty()) return;
  alignas(inotify_event) char buffer[16 << 10];
  for (;;) {
    ssize_t n = ::read(inotify_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    for (char* p = buffer; p < buffer + n;) {
      inotify_event event;
      std::memcpy(&event, p, sizeof event);
      std::string_view name(p + sizeof event, ::strnlen(p + sizeof event, event.len));
      p += sizeof event + event.len;
      ++counters_.events;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        drop_all();
        continue;
      }
      auto watched = by_watch_.find(event.wd);
      if (watched == by_watch_.end()) continue;
      Entry entry = watched->second;
      if ((event.mask & (IN_IGNORED | IN_UNMOUNT)) != 0) {
        drop(entry);
      } else if (entry->building) {
        entry->pending.emplace_back(event.mask, name);
      } else {
        apply(entry, event.mask, name);
      }
    }
  }
  make_room();
}

void DirectoryIndexes::apply(const Entry& entry, std::uint32_t mask, std::string_view name) {
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) entry->names.add(name);
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) entry->names.remove(name);
  if (entry->building || entry->charged == 0) return;
  std::size_t now = entry->names.bytes();
  bytes_ = bytes_ - entry->charged + now;
  entry->charged = now;
}

void DirectoryIndexes::drop(const Entry& entry) {
  if (entry->dropped) return;
  Entry keep = entry;
  keep->dropped = true;
  ++counters_.dropped;
  bytes_ -= keep->charged;
  keep->charged = 0;
  if (keep->watch >= 0) {
    ::inotify_rm_watch(inotify_.get(), keep->watch);
    by_watch_.erase(keep->watch);
  }
  used_.erase(keep->place);
  by_key_.erase(keep->key);
}

void DirectoryIndexes::drop_all() {
  while (!used_.empty()) drop(used_.front());
}

void DirectoryIndexes::make_room() {
  while (!used_.empty() && (bytes_ > options_.max_bytes || used_.size() > options_.max_directories))
    drop(used_.back());
}

}  // namespace holdfast::platform::posix
