// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "app/control/control_loop.h"
#include "app/control/service_manager.h"
#include "platform/loop_group/loop_group.h"

namespace holdfast::app {

/// Sockets that the service manager has copies of, for when this process is killed. Those that
/// listen: clients that connect meanwhile wait in them until the next instance takes them, instead
/// of being refused and trying again seconds later. Those of clients who write and would come back:
/// they are not reset amid a WRITE, but ended by the next instance (platform/farewell).
class KeptSockets {
 public:
  KeptSockets(ServiceManager& manager, ControlLoop& control);
  ~KeptSockets();

  /// Takes what the service manager has kept for this instance.
  void arrive();
  /// Those that listen on `at`; none: there are none.
  std::vector<platform::UniqueFd> take(const ports::Endpoint& at);
  /// The connections of the earlier instance.
  std::vector<platform::UniqueFd> take_connections();
  /// Has kept what is listened on now, and nothing else of that kind.
  void follow(const std::vector<platform::ListeningSockets>& now);
  /// Has this connection kept until it ends, or no longer. From any thread.
  void outlive(int socket, bool yes);

 private:
  struct Wish {
    std::string name;
    /// None: it need not be kept.
    platform::UniqueFd socket;
  };
  void tell_wishes();

  ServiceManager& manager_;
  ControlLoop& control_;
  std::vector<ServiceManager::Kept> arrived_;
  /// Names of listening sockets that it has.
  std::set<std::string> kept_;
  platform::UniqueFd wake_;
  std::mutex mutex_;
  std::vector<Wish> wishes_;
};

}  // namespace holdfast::app
