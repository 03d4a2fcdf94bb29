// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/vfs_posix/unique_fd.h"

namespace holdfast::platform::posix {

/// Closes descriptors of files without a name on a thread of its own when much data is freed with
/// them: the kernel does that inside close(), a fraction of a second for some GiB, and the last
/// reference to a File may go on a loop. Thread-safe. The thread starts when first needed.
class Closer {
 public:
  Closer() = default;
  ~Closer();
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  /// Closes at once what is small or still has a name.
  void close(UniqueFd fd);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<UniqueFd> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace holdfast::platform::posix
