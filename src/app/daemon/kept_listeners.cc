// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/kept_listeners.h"

#include <sys/socket.h>

#include <algorithm>

namespace holdfast::app {
namespace {

/// A name for the service manager, which takes no colon.
std::string name_of(const ports::Endpoint& at) {
  std::string name = "listen-" + at.to_string();
  std::ranges::replace(name, ':', '-');
  return name;
}

bool listens(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace

void KeptListeners::arrive() {
  arrived_ = ServiceManager::take_kept();
  for (const ServiceManager::Kept& kept : arrived_) kept_.insert(kept.name);
}

std::vector<platform::UniqueFd> KeptListeners::take(const ports::Endpoint& at) {
  std::vector<platform::UniqueFd> sockets;
  for (ServiceManager::Kept& kept : arrived_)
    if (kept.name == name_of(at) && listens(kept.fd.get())) sockets.push_back(std::move(kept.fd));
  return sockets;
}

void KeptListeners::follow(const std::vector<platform::ListeningSockets>& now) {
  arrived_.clear();
  std::set<std::string> wanted;
  for (const platform::ListeningSockets& l : now) {
    std::string name = name_of(l.bound);
    if (!kept_.contains(name)) manager_.keep(name, l.sockets);
    wanted.insert(std::move(name));
  }
  for (const std::string& name : kept_)
    if (!wanted.contains(name)) manager_.forget(name);
  kept_ = std::move(wanted);
}

}  // namespace holdfast::app
