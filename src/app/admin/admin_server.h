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
  /// The same with the listening socket of an earlier binary of this process.
  static std::unique_ptr<AdminServer> adopt(ControlLoop& loop, const std::string& path,
                                            platform::UniqueFd listener, Handler handler);
  /// Removes the socket.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Sends what is queued to who reads at once; for the reply to "stop".
  void flush();

  /// For another binary: the listening socket, and, while the handler runs, whom it answers (-1:
  /// nobody).
  int listener() const { return listener_.get(); }
  int asking() const { return asking_; }
  /// A connection of an earlier binary, and the answer that it waits for.
  void answer_later(platform::UniqueFd client, const Json& reply);

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
  int asking_ = -1;
  std::map<int, std::unique_ptr<Client>> clients_;
};

}  // namespace holdfast::app::admin
