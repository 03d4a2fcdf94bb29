// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/local_guards.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "platform/loop/blocking_pool.h"
#include "platform/vfs_posix/posix_vfs.h"
#include "platform/vfs_posix/system.h"

namespace holdfast::platform::posix {
namespace {

using ports::DataAccess, ports::LocalGuard;

/// Of the signals that mean nothing to anybody; glibc keeps the first ones for itself.
int lease_signal() { return SIGRTMIN + 3; }

bool reads(DataAccess a) { return a == DataAccess::kRead || a == DataAccess::kReadWrite; }
bool writes(DataAccess a) { return a == DataAccess::kWrite || a == DataAccess::kReadWrite; }

struct ::flock lock_of(std::uint64_t begin, std::uint64_t end, short type) {
  constexpr std::uint64_t kEnd = (std::uint64_t{1} << 63) - 1;
  struct ::flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(begin);
  // 0: as far as the file may ever reach.
  lock.l_len = end >= kEnd ? 0 : static_cast<off_t>(end - begin);
  return lock;
}

}  // namespace

/// One open's part in the description.
class LocalGuards::Use {
 public:
  Use(std::shared_ptr<LocalGuards> guards, const FileKey& key, int fd)
      : guards_(std::move(guards)), key_(key), fd_(fd) {}
  ~Use() { guards_->left(key_, fd_); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  const std::shared_ptr<LocalGuards> guards_;
  const FileKey key_;
  const int fd_;
};

LocalGuards::~LocalGuards() {
  stopping_ = true;
  if (!thread_.joinable()) return;
  (void)::pthread_kill(thread_.native_handle(), lease_signal());
  thread_.join();
}

// ---- descriptions ----

Result<LocalGuards::OpenedData> LocalGuards::share(Entry& entry, const FileKey& key) {
  UniqueFd copy(::fcntl(entry.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail(NtStatus::kTooManyOpenedFiles);
  entry.users.push_back(copy.get());
  auto use = std::make_shared<Use>(shared_from_this(), key, copy.get());
  return OpenedData{std::move(copy), std::move(use)};
}

/// The next open would wait for this server's own lease.
void LocalGuards::stand_aside(Entry& entry) {
  if (entry.lease != F_UNLCK) (void)::fcntl(entry.fd.get(), F_SETLEASE, F_UNLCK);
  entry.lease = F_UNLCK;
}

/// A descriptor of another description of the file takes the place of all.
bool LocalGuards::replace(Entry& entry, int fd) {
  for (int user : entry.users)
    if (::dup3(fd, user, O_CLOEXEC) < 0) return false;
  if (::dup3(fd, entry.fd.get(), O_CLOEXEC) < 0) return false;
  entry.writable = true;
  return true;
}

Result<LocalGuards::OpenedData> LocalGuards::enter(UniqueFd fd, const FileKey& key, bool writes) {
  auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (fresh) {
    entry.lease = F_UNLCK;
    entry.fd = UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!entry.fd) {
      entries_.erase(found);
      return fail(NtStatus::kTooManyOpenedFiles);
    }
    entry.writable = writes;
    by_fd_[entry.fd.get()] = key;
  } else if (writes && !entry.writable) {
    if (!replace(entry, fd.get())) return fail(NtStatus::kTooManyOpenedFiles);
  }
  return share(entry, key);
}

Result<LocalGuards::OpenedData> LocalGuards::open(const Credentials& who, int object, FileKey key,
                                                  DataAccess access, Blocking blocking) {
  int had = F_UNLCK;
  bool others = false;
  {
    Lock lock(mutex_);
    auto found = entries_.find(key);
    if (found != entries_.end() && (found->second.writable || !writes(access))) {
      int wanted = (reads(access) ? R_OK : 0) | (writes(access) ? W_OK : 0);
      if (auto may = check_access(who, object, wanted); !may) return fail(may.error());
      return share(found->second, key);
    }
    if (found != entries_.end()) {
      others = true;
      had = found->second.lease;
      stand_aside(found->second);
    }
  }
  int flags = O_NOCTTY | (blocking == Blocking::kNo ? O_NONBLOCK : 0);
  auto fd = reopen(who, object, flags | (writes(access) ? O_RDWR : O_RDONLY));
  bool alone = !fd && fd.error() == NtStatus::kAccessDenied && access == DataAccess::kWrite;
  if (alone) fd = reopen(who, object, flags | O_WRONLY);
  Result<OpenedData> out = fail(NtStatus::kUnsuccessful);
  if (!fd) {
    // Another program holds a lease on the file; it is told, and given time to let go.
    bool later = fd.error() == NtStatus::kRetryLater && blocking == Blocking::kNo;
    out = fail(later ? kWouldBlock : fd.error());
  } else if (alone) {
    out = OpenedData{std::move(*fd), nullptr};
  } else {
    Lock lock(mutex_);
    out = enter(std::move(*fd), key, writes(access));
  }
  if (others) take_back(key, had);
  return out;
}

/// Takes the lease again that stood in the way of this server's own open. Who has come meanwhile is
/// in its way, and it has to be told. So it is in any case: locks may have gone with a description.
void LocalGuards::take_back(const FileKey& key, int lease) {
  {
    Lock lock(mutex_);
    auto found = entries_.find(key);
    if (lease != F_UNLCK && found != entries_.end() && found->second.lease == F_UNLCK)
      (void)set_lease(found->second, found->second.writable ? F_WRLCK : lease);
  }
  tell(key);
}

std::shared_ptr<void> LocalGuards::adopt(int fd, FileKey key, DataAccess access) {
  if (access != DataAccess::kReadWrite) return nullptr;
  Lock lock(mutex_);
  auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  // Somebody has opened the new file already, by a description of its own.
  if (!fresh) return nullptr;
  entry.lease = F_UNLCK;
  entry.writable = true;
  entry.fd = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!entry.fd) {
    entries_.erase(found);
    return nullptr;
  }
  by_fd_[entry.fd.get()] = key;
  entry.users.push_back(fd);
  return std::make_shared<Use>(shared_from_this(), key, fd);
}

void LocalGuards::left(const FileKey& key, int fd) {
  Lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  std::erase(found->second.users, fd);
  if (!found->second.users.empty()) return;
  // Before the last descriptor is closed, which may take its time.
  stand_aside(found->second);
  by_fd_.erase(found->second.fd.get());
  entries_.erase(found);
}

// ---- leases ----

LocalGuard LocalGuards::guard_of(int lease) {
  if (lease == F_WRLCK) return LocalGuard::kExclusive;
  return lease == F_RDLCK ? LocalGuard::kShared : LocalGuard::kNone;
}

/// What of the lease nobody is waiting for.
int LocalGuards::standing(const Entry& entry) const {
  if (entry.lease == F_UNLCK) return F_UNLCK;
  int now = ::fcntl(entry.fd.get(), F_GETLEASE);
  if (now < 0) return F_UNLCK;
  // A reader asks for no more than a downgrade, which the kernel refuses to who could write.
  if (now == F_RDLCK && entry.lease == F_WRLCK && entry.writable) return F_UNLCK;
  return now;
}

bool LocalGuards::set_lease(Entry& entry, int type) {
  int fd = entry.fd.get();
  if (type != F_UNLCK && entry.lease == F_UNLCK) {
    f_owner_ex owner{F_OWNER_TID, thread_id_.load()};
    if (::fcntl(fd, F_SETOWN_EX, &owner) != 0 || ::fcntl(fd, F_SETSIG, lease_signal()) != 0)
      return false;
  }
  if (::fcntl(fd, F_SETLEASE, type) != 0) return false;
  entry.lease = type;
  return true;
}

LocalGuard LocalGuards::take(const FileKey& key, LocalGuard wanted) {
  if (wanted == LocalGuard::kNone) return LocalGuard::kNone;
  Lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end() || !start_thread()) return LocalGuard::kNone;
  Entry& entry = found->second;
  int now = standing(entry);
  if (now != entry.lease || guard_of(now) >= wanted) return guard_of(now);
  // There is no read lease for who could write; the other one keeps writers off as well.
  bool exclusive = wanted == LocalGuard::kExclusive || entry.writable;
  if (exclusive && set_lease(entry, F_WRLCK)) return LocalGuard::kExclusive;
  if (!entry.writable && now == F_UNLCK) (void)set_lease(entry, F_RDLCK);
  return guard_of(entry.lease);
}

std::optional<LocalGuard> LocalGuards::keep(const FileKey& key, LocalGuard needed) {
  Lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  int now = standing(entry);
  if (guard_of(now) < needed) return guard_of(now);
  bool shared = needed == LocalGuard::kShared && !entry.writable;
  int to = needed == LocalGuard::kNone ? F_UNLCK : shared ? F_RDLCK : now;
  if (to != entry.lease && !set_lease(entry, to)) stand_aside(entry);
  return guard_of(entry.lease);
}

bool LocalGuards::start_thread() {
  if (thread_.joinable()) return thread_id_ != 0;
  SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  thread_id_.wait(0);
  return true;
}

void LocalGuards::run() {
  thread_id_ = ::gettid();
  thread_id_.notify_all();
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, lease_signal());
  // What the kernel sends instead when too many signals wait: it does not say for which file.
  ::sigaddset(&set, SIGIO);
  while (!stopping_) {
    siginfo_t info{};
    int got = ::sigwaitinfo(&set, &info);
    if (got < 0 || stopping_) continue;
    std::vector<FileKey> keys;
    {
      Lock lock(mutex_);
      auto found = by_fd_.find(info.si_fd);
      if (got != lease_signal()) {
        for (const auto& [key, entry] : entries_)
          if (entry.lease != F_UNLCK) keys.push_back(key);
      } else if (found != by_fd_.end()) {
        keys.push_back(found->second);
      }
    }
    for (const FileKey& key : keys) tell(key);
  }
}

void LocalGuards::set_sink(std::weak_ptr<ports::LocalOpenSink> sink) {
  Lock lock(mutex_);
  sink_ = std::move(sink);
}

void LocalGuards::tell(const FileKey& key) {
  std::shared_ptr<ports::LocalOpenSink> sink;
  {
    Lock lock(mutex_);
    sink = sink_.lock();
  }
  if (sink) sink->on_local_open(key);
}

// ---- locks ----

bool LocalGuards::set_lock(const FileKey& key, std::uint64_t begin, std::uint64_t end,
                           LockKind kind) {
  if (begin >= end) return true;
  Lock lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return true;
  short type = F_UNLCK;
  // Who cannot write cannot have a lock against readers; one against writers is what is left.
  if (kind != LockKind::kNone)
    type = kind == LockKind::kExclusive && found->second.writable ? F_WRLCK : F_RDLCK;
  struct ::flock wanted = lock_of(begin, end, type);
  if (::fcntl(found->second.fd.get(), F_OFD_SETLK, &wanted) == 0) return true;
  // A file system without locks has nobody who holds one.
  return errno != EAGAIN && errno != EACCES;
}

bool LocalGuards::is_locked(const FileKey& key, std::uint64_t offset, std::uint64_t length,
                            bool write) {
  if (length == 0) return false;
  Lock lock(mutex_);
  auto found = entries_.find(key);
  // While nobody else has the file open, nobody else has a lock.
  if (found == entries_.end() || found->second.lease == F_WRLCK) return false;
  struct ::flock asked = lock_of(offset, offset + length, write ? F_WRLCK : F_RDLCK);
  if (::fcntl(found->second.fd.get(), F_OFD_GETLK, &asked) != 0) return false;
  return asked.l_type != F_UNLCK;
}

}  // namespace holdfast::platform::posix

namespace holdfast::platform {

std::shared_ptr<ports::LocalCoherence> make_local_coherence() {
  return std::make_shared<posix::LocalGuards>();
}

}  // namespace holdfast::platform
