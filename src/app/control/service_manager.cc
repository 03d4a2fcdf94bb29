// SPDX-License-Identifier: Apache-2.0
#include "app/control/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace holdfast::app {
namespace {

constexpr std::size_t kFdsAtOnce = 16;
/// SD_LISTEN_FDS_START.
constexpr int kFirstKeptFd = 3;

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

ServiceManager::ServiceManager() {
  if (const char* path = std::getenv("NOTIFY_SOCKET")) socket_ = path;
}

void ServiceManager::send(const std::string& state, const std::vector<int>& fds) {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // "@name" is a name without a file.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return;
  std::string text = state;
  iovec data{text.data(), text.size()};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  std::vector<std::byte> control(fds.empty() ? 0 : CMSG_SPACE(fds.size() * sizeof(int)));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size() * sizeof(int));
  }
  (void)::sendmsg(fd.get(), &message, MSG_NOSIGNAL);
}

void ServiceManager::keep(const std::string& name, const std::vector<int>& fds, Until until) {
  for (std::size_t i = 0; i < fds.size(); i += kFdsAtOnce) {
    std::size_t end = std::min(fds.size(), i + kFdsAtOnce);
    // It watches those that end by themselves.
    send("FDSTORE=1\nFDPOLL=" + std::string(until == Until::kItEnds ? "1" : "0") +
             "\nFDNAME=" + one_line(name),
         std::vector<int>(fds.begin() + static_cast<std::ptrdiff_t>(i),
                          fds.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

void ServiceManager::forget(const std::string& name) {
  send("FDSTOREREMOVE=1\nFDNAME=" + one_line(name));
}

std::vector<ServiceManager::Kept> ServiceManager::take_kept() {
  std::vector<Kept> kept;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  const char* names = std::getenv("LISTEN_FDNAMES");
  if (pid != nullptr && count != nullptr && std::to_string(::getpid()) == pid) {
    std::string_view left = names == nullptr ? "" : names;
    int n = std::atoi(count);
    for (int fd = kFirstKeptFd; fd < kFirstKeptFd + n; ++fd) {
      if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) break;
      std::size_t end = std::min(left.find(':'), left.size());
      kept.push_back({std::string(left.substr(0, end)), platform::UniqueFd(fd)});
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return kept;
}

void ServiceManager::ready(const std::string& text) { send("READY=1\nSTATUS=" + one_line(text)); }

void ServiceManager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto us = static_cast<unsigned long long>(now.tv_sec) * 1'000'000 +
            static_cast<unsigned long long>(now.tv_nsec) / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void ServiceManager::stopping() { send("STOPPING=1"); }

void ServiceManager::status(const std::string& text) { send("STATUS=" + one_line(text)); }

}  // namespace holdfast::app
