// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "core/object/open_table.h"

namespace holdfast::service {

/// READs of named pipes that wait for data (MS-SMB2 3.3.5.12). Thread-safe: an open may be used
/// over several connections.
class PipeReads {
 public:
  /// Enters a reader; it looks again for data afterwards, as a writer may have come in between.
  void wait(core::OpenId open, core::WaitToken token);
  /// Forgets one. False: it was woken.
  bool cancel(core::OpenId open, core::WaitToken token);
  /// Somebody waits.
  bool any(core::OpenId open);
  /// There is data, or never will be: all look again, in the order in which they came.
  void wake(core::OpenId open, std::vector<core::Wake>& wakes);

 private:
  Mutex mutex_;
  /// Spares every CLOSE the lock.
  std::atomic<std::size_t> waiting_{0};
  std::unordered_map<core::OpenId, std::vector<core::WaitToken>> by_open_;
};

}  // namespace holdfast::service
