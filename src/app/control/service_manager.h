// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

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

 private:
  void send(const std::string& state);

  std::string socket_;
};

}  // namespace holdfast::app
