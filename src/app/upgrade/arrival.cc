// SPDX-License-Identifier: Apache-2.0
#include "app/upgrade/arrival.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/failover_limits.h"
#include "base/secret.h"
#include "platform/loop/system_clock.h"

namespace holdfast::app {
namespace {

using platform::UniqueFd;
namespace state = wire::state;

std::expected<Buffer, std::string> read_memory(int fd) {
  struct stat info{};
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  // Only what nobody can change any more is looked at; another descriptor has no seals.
  if (::fstat(fd, &info) != 0 || (::fcntl(fd, F_GET_SEALS) & kSeals) != kSeals ||
      info.st_size <= 0 || static_cast<std::uint64_t>(info.st_size) > limits::kMaxHandover)
    return std::unexpected("there is no hand-over behind descriptor " + std::to_string(fd));
  Buffer octets(static_cast<std::size_t>(info.st_size));
  MutBytes room = octets.extend(static_cast<std::size_t>(info.st_size));
  for (std::size_t at = 0; at < room.size();) {
    ssize_t n = ::pread(fd, room.data() + at, room.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::unexpected(std::string("it cannot be read: ") + std::strerror(errno));
    at += static_cast<std::size_t>(n);
  }
  return octets;
}

bool is_open(std::uint32_t fd) {
  return fd > STDERR_FILENO && ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC) == 0;
}

}  // namespace

std::expected<std::unique_ptr<Arrival>, std::string> Arrival::read(int handover_fd) {
  auto give_up = [](std::string why) {
    (void)::close_range(STDERR_FILENO + 1, ~0u, 0);
    return std::unexpected(std::move(why));
  };
  auto octets = read_memory(handover_fd);
  if (!octets) return give_up(octets.error());
  std::unique_ptr<Arrival> arrival(new Arrival(std::move(*octets)));
  auto contents = service::handover::read_contents(arrival->octets_);
  if (!contents) return give_up(contents.error());
  (void)::close(handover_fd);
  arrival->listeners_ = contents->listeners;
  for (const state::HeldListener& l : arrival->listeners_)
    for (std::uint32_t fd : l.sockets) (void)is_open(fd);
  for (const state::HeldConnection& c : contents->connections) (void)is_open(c.socket);
  if (is_open(contents->admin.listener))
    arrival->admin_ = static_cast<int>(contents->admin.listener);
  if ((contents->admin.flags & state::HeldAdmin::kHasAsker) != 0 && is_open(contents->admin.asker))
    arrival->asker_ = static_cast<int>(contents->admin.asker);
  arrival->takeover_ = std::make_unique<service::handover::Takeover>(std::move(*contents));
  return arrival;
}

Arrival::~Arrival() {
  clear_secret(octets_.mut());
  for (const state::HeldListener& l : listeners_)
    for (std::uint32_t fd : l.sockets) (void)::close(static_cast<int>(fd));
  for (int fd : {admin_, asker_})
    if (fd >= 0) (void)::close(fd);
}

std::vector<UniqueFd> Arrival::take_listener(const ports::Endpoint& at) {
  std::vector<UniqueFd> sockets;
  for (auto l = listeners_.begin(); l != listeners_.end(); ++l) {
    if (ports::Endpoint{l->bound.ip, l->bound.port} != at) continue;
    for (std::uint32_t fd : l->sockets) sockets.emplace_back(static_cast<int>(fd));
    listeners_.erase(l);
    break;
  }
  return sockets;
}

int Arrival::take_admin(const std::string& path) {
  if (as_text(takeover_->contents().admin.path.octets) != path) return -1;
  return std::exchange(admin_, -1);
}

int Arrival::take_asker() { return std::exchange(asker_, -1); }

void Arrival::connect(Node& node) {
  // A request for a share that is not served yet would be refused.
  auto undecided = [&node] {
    for (const auto& volume : node.server().failover().volumes())
      if (volume->state() == service::ServedVolume::State::kTaking ||
          volume->state() == service::ServedVolume::State::kRestoring)
        return true;
    return false;
  };
  platform::SystemClock clock;
  std::uint64_t begun_us = clock.monotonic_us();
  while (undecided() && clock.monotonic_us() - begun_us < limits::kUpgradeVolumes_us)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  node.loops().on_all_loops([&](platform::EventLoop& loop) {
    takeover_->restore_connections(
        node.server(), loop, node.loops().size(),
        [&loop](const state::HeldConnection& held) -> std::shared_ptr<ports::Stream> {
          if (held.socket <= STDERR_FILENO) return nullptr;
          int type = 0;
          socklen_t size = sizeof type;
          if (::getsockopt(static_cast<int>(held.socket), SOL_SOCKET, SO_TYPE, &type, &size) != 0)
            return nullptr;
          return loop.adopt(UniqueFd(static_cast<int>(held.socket)));
        });
  });
  node.loops().on_all_loops([&](platform::EventLoop& loop) { takeover_->begin_connections(loop); });
  pause_ms_ = (clock.monotonic_us() - takeover_->contents().head.held_us) / 1'000;
}

}  // namespace holdfast::app
