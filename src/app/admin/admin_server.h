// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/admin/protocol.h"
#include "app/control/control_loop.h"
#include "platform/loop/unique_fd.h"

namespace holdfast::app::admin {

/// Answers one request with result_reply() or error_reply().
using Handler = std::function<Json(const Json& request)>;

/// The admin socket, on the main thread's loop. Only root and the process's own user are served
/// (mode 0600, and SO_PEERCRED of each connection).
class AdminServer {
 public:
  /// Makes the socket, and its folder if that is missing. A socket that nobody listens on is
  /// replaced. The error is a sentence.
  static std::expected<std::unique_ptr<AdminServer>, std::string> open(ControlLoop& loop,
                                                                       const std::string& path,
                                                                       Handler handler);
  /// Removes the socket.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Sends what is queued to who reads at once; for the reply to "stop".
  void flush();

 private:
  struct Client {
    platform::UniqueFd fd;
    std::string in;
    std::string out;
    bool ending = false;
  };

  AdminServer(ControlLoop& loop, std::string path, platform::UniqueFd fd, Handler handler);
  void accept_one();
  void serve(int fd, short events);
  bool receive(Client& client);
  void answer_lines(Client& client);
  bool send(Client& client);
  void drop(int fd);

  ControlLoop& loop_;
  std::string path_;
  platform::UniqueFd listener_;
  Handler handler_;
  std::map<int, std::unique_ptr<Client>> clients_;
};

}  // namespace holdfast::app::admin
