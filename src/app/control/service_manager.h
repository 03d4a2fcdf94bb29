// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/loop/unique_fd.h"

namespace holdfast::app {

/// Tells the service manager what state the process is in: one datagram to NOTIFY_SOCKET
/// (sd_notify(3)). Without a service manager nothing happens.
class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET.
  ServiceManager();
  explicit ServiceManager(std::string socket) : socket_(std::move(socket)) {}

  void ready(const std::string& status);
  /// With the monotonic time, which systemd wants for Type=notify-reload; ready() follows.
  void reloading();
  void stopping();
  void status(const std::string& text);

  /// A descriptor that it has kept for this process.
  struct Kept {
    std::string name;
    platform::UniqueFd fd;
  };
  enum class Until : std::uint8_t { kForgotten, kItEnds };
  bool is_there() const { return !socket_.empty(); }
  /// Has it keep copies of descriptors and give them to the next instance, should this one end
  /// without being asked (sd_notify(3), FDSTORE=1), until it shall forget them, or until both ways
  /// of a connection have ended too. At most 16 at a time are sent; `name` has no ':'. Without a
  /// service manager nothing happens.
  void keep(const std::string& name, const std::vector<int>& fds, Until until = Until::kForgotten);
  /// It need not keep those any longer.
  void forget(const std::string& name);
  /// What it has kept for this instance (sd_listen_fds(3)). Once: the environment forgets it.
  static std::vector<Kept> take_kept();

 private:
  void send(const std::string& state, const std::vector<int>& fds = {});

  std::string socket_;
};

}  // namespace holdfast::app
