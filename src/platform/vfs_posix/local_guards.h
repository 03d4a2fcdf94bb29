// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "platform/vfs_posix/share.h"
#include "ports/local_coherence.h"

namespace holdfast::platform::posix {

/// Kernel leases (F_SETLEASE) and open file description locks for the files of shares with local
/// coherence. Both belong to an open file description, and a lease against all other opens can be
/// had only while there is one: all opens of a file share one description here, each with a
/// descriptor of its own. When the first that writes comes to a description that only reads, a new
/// one takes its place behind all descriptors.
///
/// That somebody waits for a lease is told by a signal that is sent to one thread of this object,
/// which takes it by waiting for it; no handler runs. The thread starts with the first lease.
class LocalGuards final : public ports::LocalCoherence,
                          public std::enable_shared_from_this<LocalGuards> {
 public:
  LocalGuards() = default;
  ~LocalGuards() override;
  LocalGuards(const LocalGuards&) = delete;
  LocalGuards& operator=(const LocalGuards&) = delete;

  struct OpenedData {
    UniqueFd fd;
    /// To be dropped before fd is closed; null: a description of its own.
    std::shared_ptr<void> use;
  };
  /// Opens the data of a regular file that is known by an O_PATH descriptor. Errors as reopen().
  Result<OpenedData> open(const Credentials& who, int object, FileKey key, ports::DataAccess access,
                          Blocking blocking);
  /// The same for a file that has just been made and opened.
  std::shared_ptr<void> adopt(int fd, FileKey key, ports::DataAccess access);

  void set_sink(std::weak_ptr<ports::LocalOpenSink> sink) override;
  ports::LocalGuard take(const FileKey& key, ports::LocalGuard wanted) override;
  std::optional<ports::LocalGuard> keep(const FileKey& key, ports::LocalGuard needed) override;
  bool set_lock(const FileKey& key, std::uint64_t begin, std::uint64_t end, LockKind kind) override;
  bool is_locked(const FileKey& key, std::uint64_t offset, std::uint64_t length,
                 bool write) override;

 private:
  class Use;
  struct KeyHash {
    std::size_t operator()(const FileKey& key) const {
      return static_cast<std::size_t>((key.inode ^ key.device) * 0x9E3779B97F4A7C15ull);
    }
  };
  struct Entry {
    /// The description's own descriptor, by which the kernel names it.
    UniqueFd fd;
    bool writable = false;
    /// F_UNLCK, F_RDLCK or F_WRLCK.
    int lease = 0;
    /// Descriptors of the opens.
    std::vector<int> users;
  };
  using Entries = std::unordered_map<FileKey, Entry, KeyHash>;

  Result<OpenedData> share(Entry& entry, const FileKey& key);
  void stand_aside(Entry& entry);
  Result<OpenedData> enter(UniqueFd fd, const FileKey& key, bool writes);
  void take_back(const FileKey& key, int lease);
  bool replace(Entry& entry, int fd);
  bool set_lease(Entry& entry, int type);
  int standing(const Entry& entry) const;
  static ports::LocalGuard guard_of(int lease);
  bool start_thread();
  void run();
  void left(const FileKey& key, int fd);
  void tell(const FileKey& key);

  mutable Mutex mutex_;
  Entries entries_;
  /// Descriptors that the kernel names in its signals.
  std::unordered_map<int, FileKey> by_fd_;
  std::weak_ptr<ports::LocalOpenSink> sink_;
  std::thread thread_;
  std::atomic<int> thread_id_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace holdfast::platform::posix
