// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "platform/vfs_posix/fanotify_events.h"
#include "platform/vfs_posix/posix_file.h"

namespace holdfast::platform::posix {

/// Tells what other processes do in watched directories of one share. fanotify and not inotify,
/// because its events say who did it: what came through this process has been told already, with
/// more detail, and must not be told twice. Directories are marked one by one, those of a tree
/// too, up to kMaxDirectories; beyond it a tree is watched in part. Thread-safe; the thread starts
/// with the first watch.
class LocalWatcher : public std::enable_shared_from_this<LocalWatcher> {
 public:
  static constexpr std::size_t kMaxDirectories = 16'384;

  LocalWatcher(std::shared_ptr<Share> share, const ports::Vfs& vfs);
  ~LocalWatcher();
  LocalWatcher(const LocalWatcher&) = delete;
  LocalWatcher& operator=(const LocalWatcher&) = delete;

  /// Reads the directories of a tree. nullptr: refused by the kernel.
  std::shared_ptr<ports::ChangeWatch> watch(std::shared_ptr<PosixFile> directory, bool tree,
                                            std::weak_ptr<ports::LocalChangeSink> sink);
  std::size_t directories() const;

 private:
  class Watch;
  using WatchId = std::uint64_t;
  struct Directory {
    /// On disk.
    std::string path;
    /// Watches that it is part of; true: those that go on below it.
    std::map<WatchId, bool> watches;
  };
  using Changes = std::vector<ports::LocalChange>;

  bool add(WatchId id, int fd, const std::string& path, bool tree);
  void add_tree(WatchId id, int fd, const std::string& path, Changes* found);
  void end(WatchId id);
  void run();
  void take(const FanotifyEvent& event, Changes& out);
  void take_rename(const FanotifyEvent& event, Changes& out);
  void take_name(const FanotifyEvent& event, const FanotifyEvent::Name& where, Changes& out);
  void new_directory(const Directory& parent, const std::string& path, bool is_own, Changes& out);
  void gone(const std::string& path);
  void moved(const std::string& from, const std::string& to);
  void relocate(const HandleKey& key);
  Directory* find(const std::optional<FanotifyEvent::Name>& name);

  const std::shared_ptr<Share> share_;
  const ports::Vfs& vfs_;
  UniqueFd fanotify_;
  UniqueFd stop_;
  mutable std::mutex mutex_;
  WatchId next_id_ = 1;
  std::unordered_map<HandleKey, Directory> directories_;
  /// The directories that were asked for, to learn their paths when they move.
  std::map<WatchId, std::shared_ptr<PosixFile>> roots_;
  std::weak_ptr<ports::LocalChangeSink> sink_;
  std::thread thread_;
};

}  // namespace holdfast::platform::posix
