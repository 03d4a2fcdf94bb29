// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "base/mutex.h"
#include "core/session/session.h"

namespace holdfast::service {

/// Connections that have ended while requests that came on them go on for a session with other
/// channels: who ends the session ends these too. Thread-safe.
class StrandedRequests {
 public:
  void add(core::SessionId session, core::ConnectionId connection) {
    Lock lock(mutex_);
    connections_[session].push_back(connection);
  }
  void remove(core::SessionId session, core::ConnectionId connection) {
    Lock lock(mutex_);
    auto found = connections_.find(session);
    if (found == connections_.end()) return;
    std::erase(found->second, connection);
    if (found->second.empty()) connections_.erase(found);
  }
  std::vector<core::ConnectionId> of(core::SessionId session) {
    Lock lock(mutex_);
    auto found = connections_.find(session);
    return found == connections_.end() ? std::vector<core::ConnectionId>() : found->second;
  }

 private:
  Mutex mutex_;
  std::map<core::SessionId, std::vector<core::ConnectionId>> connections_;
};

}  // namespace holdfast::service
