// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "platform/vfs_posix/folded_index.h"
#include "platform/vfs_posix/system.h"

namespace holdfast::platform::posix {

/// Whether a call may read a whole directory (pool threads) or shall say kWouldBlock instead.
enum class Blocking : std::uint8_t { kNo, kYes };
/// Never leaves this folder: asks for the same call again on a pool thread.
inline constexpr NtStatus kWouldBlock = NtStatus::kPending;

/// Case-insensitive lookup in directories: a FoldedIndex for each directory in which a name was not
/// found as it was spelled, kept true by inotify. Thread-safe.
///
/// The kernel queues an event for each change of a watched directory before the changing system
/// call returns, so an index that has taken all queued events is true. Whatever changed the
/// directory (we, another server, a local program) takes this one way. Where inotify cannot watch
/// (a network file system, no watches left) an index is valid while the directory's change time
/// stays what it was. Indexes that together exceed the limit are forgotten, the least recently used
/// first.
class DirectoryIndexes {
 public:
  struct Options {
    std::size_t max_bytes = std::size_t{64} << 20;
    std::size_t max_directories = 4096;
    /// False: changes may be made where inotify does not see them.
    bool use_inotify = true;
  };
  struct Counters {
    std::uint64_t scans = 0;
    std::uint64_t events = 0;
    std::uint64_t dropped = 0;
  };

  explicit DirectoryIndexes(Options options);
  ~DirectoryIndexes();
  DirectoryIndexes(const DirectoryIndexes&) = delete;
  DirectoryIndexes& operator=(const DirectoryIndexes&) = delete;

  /// The name in this directory (a descriptor of any kind, and what it is) that is `name` to a
  /// client; nullopt: there is none. kWouldBlock with Blocking::kNo when the directory has to be
  /// read first.
  Result<std::optional<std::string>> find(int directory, FileKey key, std::string_view name,
                                          Blocking blocking);
  Result<std::optional<std::string>> find(int directory, std::string_view name, Blocking blocking);
  Counters counters() const;
  std::size_t bytes() const;

 private:
  struct Directory;
  using Entry = std::shared_ptr<Directory>;
  struct KeyHash {
    std::size_t operator()(const FileKey& k) const {
      return std::hash<std::uint64_t>{}(k.inode * 0x9E3779B97F4A7C15ull ^ k.device);
    }
  };

  Result<std::optional<std::string>> build_and_find(std::unique_lock<std::mutex>& lock,
                                                    int directory, FileKey key,
                                                    std::string_view name);
  static bool is_unchanged(const Directory& entry, int directory);
  void take_events();
  void apply(const Entry& entry, std::uint32_t mask, std::string_view name);
  void drop(const Entry& entry);
  void drop_all();
  void make_room();

  const Options options_;
  UniqueFd inotify_;
  mutable std::mutex mutex_;
  std::condition_variable built_;
  std::unordered_map<FileKey, Entry, KeyHash> by_key_;
  std::unordered_map<int, Entry> by_watch_;
  /// Most recently used first.
  std::list<Entry> used_;
  std::size_t bytes_ = 0;
  Counters counters_;
};

}  // namespace holdfast::platform::posix
