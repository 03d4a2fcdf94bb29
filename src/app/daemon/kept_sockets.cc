// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/kept_sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

namespace holdfast::app {
namespace {

constexpr std::string_view kConnection = "connection-";

/// A name for the service manager, which takes no colon.
std::string name_of(const ports::Endpoint& at) {
  std::string name = "listen-" + at.to_string();
  std::ranges::replace(name, ':', '-');
  return name;
}

/// One of its own for each socket that there is at a time.
std::string name_of(int socket) {
  struct stat info{};
  (void)::fstat(socket, &info);
  return std::string(kConnection) + std::to_string(info.st_ino);
}

bool is_connection(const ServiceManager::Kept& kept) { return kept.name.starts_with(kConnection); }

bool listens(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

}  // namespace

KeptSockets::KeptSockets(ServiceManager& manager, ControlLoop& control)
    : manager_(manager), control_(control), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  control_.watch(wake_.get(), POLLIN, [this](short) { tell_wishes(); });
}

KeptSockets::~KeptSockets() { control_.unwatch(wake_.get()); }

void KeptSockets::arrive() {
  arrived_ = ServiceManager::take_kept();
  for (const ServiceManager::Kept& kept : arrived_) {
    // A connection is ended by this instance and nobody else any more.
    if (is_connection(kept))
      manager_.forget(kept.name);
    else
      kept_.insert(kept.name);
  }
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
    if (is_connection(kept) && kept.fd.valid()) sockets.push_back(std::move(kept.fd));
  return sockets;
}

void KeptSockets::follow(const std::vector<platform::ListeningSockets>& now) {
  std::erase_if(arrived_, [](const ServiceManager::Kept& kept) { return !is_connection(kept); });
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

void KeptSockets::outlive(int socket, bool yes) {
  Wish wish{name_of(socket), {}};
  // A loop of clients does not wait for the service manager; the socket may end meanwhile.
  if (yes) wish.socket.reset(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (yes && !wish.socket.valid()) return;
  std::lock_guard lock(mutex_);
  wishes_.push_back(std::move(wish));
  (void)::eventfd_write(wake_.get(), 1);
}

void KeptSockets::tell_wishes() {
  eventfd_t ignored = 0;
  (void)::eventfd_read(wake_.get(), &ignored);
  std::vector<Wish> wishes;
  {
    std::lock_guard lock(mutex_);
    wishes.swap(wishes_);
  }
  for (const Wish& wish : wishes) {
    if (wish.socket.valid())
      manager_.keep(wish.name, {wish.socket.get()}, ServiceManager::Until::kItEnds);
    else
      manager_.forget(wish.name);
  }
}

}  // namespace holdfast::app
