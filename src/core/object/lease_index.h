// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>

#include "base/mutex.h"
#include "core/object/caching.h"
#include "core/object/object_id.h"

namespace holdfast::core {

/// Which stream a lease is of (the part of GlobalLeaseTableList, MS-SMB2 3.3.1.11, that all files
/// share). A lease names one stream as long as any open holds it. Thread-safe.
class LeaseIndex {
 public:
  /// One more open holds the lease. False: the lease is of another stream
  /// (MS-SMB2 3.3.5.9.8: STATUS_INVALID_PARAMETER).
  bool bind(const LeaseId& lease, const ObjectId& object);
  /// One open less holds it.
  void unbind(const LeaseId& lease);
  std::optional<ObjectId> find(const LeaseId& lease);
  /// The stream is called otherwise from now on.
  void moved(const ObjectId& from, const ObjectId& to);

 private:
  struct Entry {
    ObjectId object;
    std::size_t opens = 0;
  };
  Mutex mutex_;
  std::map<LeaseId, Entry> entries_;
};

}  // namespace holdfast::core
