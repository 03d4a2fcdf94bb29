// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/mutex.h"

namespace holdfast::service::pipes {

/// The association groups of a server (C706 9.3.3.2, MS-RPCE 3.3.1.4): a client's connections that
/// share context handles. Thread-safe.
class AssociationGroups {
 public:
  /// on_end: called, from the thread that left, when the last association of a group has: its
  /// handles have run down (C706 5.1.6). first: the id of the first group.
  AssociationGroups(std::function<void(std::uint32_t group)> on_end, std::uint32_t first)
      : on_end_(std::move(on_end)), next_(first) {}

  /// wanted: as in a bind; 0: a group of its own. nullopt: there is none with this id.
  std::optional<std::uint32_t> join(std::uint32_t wanted) {
    Lock lock(mutex_);
    if (wanted != 0) {
      auto found = members_.find(wanted);
      if (found == members_.end()) return std::nullopt;
      ++found->second;
      return wanted;
    }
    while (next_ == 0 || members_.contains(next_)) ++next_;
    members_[next_] = 1;
    return next_++;
  }
  void leave(std::uint32_t group) {
    {
      Lock lock(mutex_);
      auto found = members_.find(group);
      if (found == members_.end() || --found->second != 0) return;
      members_.erase(found);
    }
    on_end_(group);
  }

 private:
  const std::function<void(std::uint32_t)> on_end_;
  Mutex mutex_;
  // Guarded by mutex_.
  std::map<std::uint32_t, std::size_t> members_;
  std::uint32_t next_;
};

}  // namespace holdfast::service::pipes
