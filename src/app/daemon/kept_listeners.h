// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "app/control/service_manager.h"
#include "platform/loop_group/loop_group.h"

namespace holdfast::app {

/// Listening sockets that the service manager has copies of: when this process is killed, clients
/// that connect meanwhile wait in them, instead of being refused and trying again seconds later,
/// until the next instance takes them.
class KeptListeners {
 public:
  explicit KeptListeners(ServiceManager& manager) : manager_(manager) {}

  /// Takes what the service manager has kept for this instance.
  void arrive();
  /// Those that listen on `at`; none: there are none.
  std::vector<platform::UniqueFd> take(const ports::Endpoint& at);
  /// Has kept what is listened on now, and nothing else.
  void follow(const std::vector<platform::ListeningSockets>& now);

 private:
  ServiceManager& manager_;
  std::vector<ServiceManager::Kept> arrived_;
  /// Names of those that it has.
  std::set<std::string> kept_;
};

}  // namespace holdfast::app
