// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/kept_sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>

namespace holdfast::app {
namespace {

constexpr const char* kConnection = "connection";

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

KeptSockets::KeptSockets(ServiceManager& manager, ControlLoop& control)
    : manager_(manager), control_(control), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  control_.watch(wake_.get(), POLLIN, [this](short) { send_connections(); });
}

KeptSockets::~KeptSockets() { control_.unwatch(wake_.get()); }

void KeptSockets::arrive() {
  arrived_ = ServiceManager::take_kept();
  bool connections = false;
  for (const ServiceManager::Kept& kept : arrived_) {
    if (kept.name == kConnection)
      connections = true;
    else
      kept_.insert(kept.name);
  }
  // Before a connection of this instance is kept, which has the same name.
  if (connections) manager_.forget(kConnection);
}

std::vector<platform::UniqueFd> KeptSockets::take(const ports::Endpoint& at) {
  std::vector<platform::UniqueFd> sockets;
  for (ServiceManager::Kept& kept : arrived_)
    if (kept.name == name_of(at) && listens(kept.fd.get())) sockets.push_back(std::move(kept.fd));
  return sockets;
}

std::vector<platform::UniqueFd> KeptSockets::take_connections() {
  std::vector<platform::UniqueFd> sockets;
  for (ServiceManager::Kept& kept : arrived_)
    if (kept.name == kConnection && kept.fd.valid()) sockets.push_back(std::move(kept.fd));
  return sockets;
}

void KeptSockets::follow(const std::vector<platform::ListeningSockets>& now) {
  std::erase_if(arrived_,
                [](const ServiceManager::Kept& kept) { return kept.name != kConnection; });
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

void KeptSockets::keep_connection(int socket) {
  // A loop of clients does not wait for the service manager; the socket may end meanwhile.
  platform::UniqueFd copy(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return;
  std::lock_guard lock(mutex_);
  connections_.push_back(std::move(copy));
  (void)::eventfd_write(wake_.get(), 1);
}

void KeptSockets::send_connections() {
  eventfd_t ignored = 0;
  (void)::eventfd_read(wake_.get(), &ignored);
  std::vector<platform::UniqueFd> connections;
  {
    std::lock_guard lock(mutex_);
    connections.swap(connections_);
  }
  std::vector<int> fds;
  for (const platform::UniqueFd& fd : connections) fds.push_back(fd.get());
  manager_.keep(kConnection, fds, ServiceManager::Until::kItEnds);
}

}  // namespace holdfast::app
