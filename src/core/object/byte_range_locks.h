// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/nt_status.h"

namespace holdfast::core {

using OpenId = std::uint64_t;
/// Names one waiting request to the service that wakes it; 0 = nobody.
using WaitToken = std::uint64_t;

/// A waiter and what it is told.
struct Wake {
  WaitToken token = 0;
  NtStatus status = NtStatus::kSuccess;
};

/// The byte-range locks of one stream of one file (MS-FSA 2.1.5.8, 2.1.5.9, 2.1.4.10).
class ByteRangeLocks {
 public:
  struct Range {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool exclusive = false;
    bool operator==(const Range&) const = default;
  };

  /// kSuccess; kLockNotGranted when another lock is in the way; kInvalidLockRange when the range
  /// passes 2^64 (MS-FSA 2.1.5.8).
  NtStatus lock(OpenId open, const Range& range);
  /// As lock(), but queues the request when it cannot be granted: then kPending, and a later
  /// unlock(), release() or cancel() gives its token back.
  NtStatus lock_or_wait(OpenId open, const Range& range, WaitToken token);
  /// kRangeNotLocked when open holds no lock of exactly this range. Of several the exclusive one
  /// goes first (MS-FSA 2.1.5.9).
  NtStatus unlock(OpenId open, std::uint64_t offset, std::uint64_t length,
                  std::vector<Wake>& wakes);
  /// Everything the open holds or waits for, when it is closed. Its own waiters get kRangeNotLocked
  /// (MS-SMB2 3.3.5.10 note).
  void release(OpenId open, std::vector<Wake>& wakes);
  /// Forgets a waiter. False: it was granted or released before.
  bool cancel(WaitToken token);
  /// May `open` read or write there (MS-FSA 2.1.4.10)? Zero length always may.
  bool allows(OpenId open, std::uint64_t offset, std::uint64_t length, bool write) const;
  bool empty() const { return held_.empty() && waiting_.empty(); }
  std::size_t held_by(OpenId open) const;
  std::vector<Range> of(OpenId open) const;
  std::vector<Range> all() const;
  /// Is there a lock that begins below `size`?
  bool any_below(std::uint64_t size) const;

 private:
  struct Held {
    Range range;
    OpenId open;
  };
  struct Waiting {
    Range range;
    OpenId open;
    WaitToken token;
  };
  bool conflicts(OpenId open, const Range& range) const;
  void grant_waiting(std::vector<Wake>& wakes);

  std::vector<Held> held_;
  std::vector<Waiting> waiting_;
};

}  // namespace holdfast::core
