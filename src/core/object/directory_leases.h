// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/object/object_id.h"

namespace holdfast::core {

/// Directories that opens hold leases of, by name: whoever changes an entry asks here whom that
/// concerns. Thread-safe.
class DirectoryLeases {
 public:
  /// One more, one less open with a lease. path: below the share's root, in real case.
  void add(const ports::Vfs* vfs, const std::string& path, const ObjectId& object);
  void remove(const ports::Vfs* vfs, const std::string& path, const ObjectId& object);
  std::vector<ObjectId> find(const ports::Vfs* vfs, const std::string& path);
  /// Of this directory and all below it.
  std::vector<ObjectId> find_below(const ports::Vfs* vfs, const std::string& path);
  bool idle() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  Mutex mutex_;
  std::atomic<std::size_t> count_{0};
  std::multimap<std::pair<const ports::Vfs*, std::string>, ObjectId> directories_;
};

}  // namespace holdfast::core
