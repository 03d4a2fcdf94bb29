// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "ports/vfs.h"

/// What programs on this machine and the server's clients know of each other's use of a file.
namespace holdfast::ports {

/// What is kept from others on this machine until this server lets go.
enum class LocalGuard : std::uint8_t {
  kNone,
  /// Nobody opens the file for writing.
  kShared,
  /// Nobody opens the file for its data.
  kExclusive,
};

/// Who is told that a guard is in somebody's way, or has been lost. Called on any thread; the
/// other program waits meanwhile, for as long as the system lets it.
class LocalOpenSink {
 public:
  virtual ~LocalOpenSink() = default;
  virtual void on_local_open(const FileKey& key) = 0;
};

/// Guards and locks of the files that shares with local coherence have open for their data; of
/// others it knows nothing. One for all shares: what the server itself opens twice is one thing to
/// the system. Thread-safe; no call waits for another program.
class LocalCoherence {
 public:
  virtual ~LocalCoherence() = default;

  virtual void set_sink(std::weak_ptr<LocalOpenSink> sink) = 0;

  /// Takes as much as others leave, up to wanted, or more. What is had then: less than before when
  /// somebody is waiting for it.
  virtual LocalGuard take(const FileKey& key, LocalGuard wanted) = 0;
  /// Lets go of what is not needed, and with it of who waits for no more than that. What may be
  /// kept; when that is less than needed, need less and call again. nullopt: not open here.
  virtual std::optional<LocalGuard> keep(const FileKey& key, LocalGuard needed) = 0;

  enum class LockKind : std::uint8_t { kNone, kShared, kExclusive };
  /// Makes the server's lock on [begin, end), as others see it, this one. False: somebody else's
  /// is in the way, and all is as before. end at most 2^63 - 1, which stands for "and all behind".
  virtual bool set_lock(const FileKey& key, std::uint64_t begin, std::uint64_t end,
                        LockKind kind) = 0;
  /// Has somebody else on this machine a lock that keeps from reading, or writing, there?
  virtual bool is_locked(const FileKey& key, std::uint64_t offset, std::uint64_t length,
                         bool write) = 0;
};

}  // namespace holdfast::ports
