// SPDX-License-Identifier: Apache-2.0
#include "app/admin/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "platform/loop/unique_fd.h"

namespace holdfast::app::admin {
namespace {

std::string unreachable_text(const std::string& path, int error) {
  if (error == ENOENT || error == ECONNREFUSED)
    return "no server answers at " + path + "; is holdfastd running? (--socket names another)";
  if (error == EACCES || error == EPERM)
    return "no permission for " + path + "; run this as root or as the server's user";
  return path + ": " + std::strerror(error);
}

std::expected<Json, Failure> read_reply(int fd) {
  std::string text;
  char buffer[65536];
  while (text.find('\n') == std::string::npos) {
    ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(Failure{"protocol", "the server does not answer"});
    if (got == 0) return std::unexpected(Failure{"protocol", "the server ended the connection"});
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kMaxReplyOctets + 1)
      return std::unexpected(Failure{"protocol", "the server's answer is too long"});
  }
  Json reply = Json::parse(text, nullptr, false);
  if (reply.is_discarded() || !reply.is_object() || !reply.contains("ok") ||
      !reply["ok"].is_boolean())
    return std::unexpected(Failure{"protocol", "the server's answer is not understood"});
  if (reply["ok"].get<bool>()) return reply.value("result", Json::object());
  Json error = reply.value("error", Json::object());
  return std::unexpected(
      Failure{error.value("code", "unknown"), error.value("message", "no reason given")});
}

}  // namespace

std::expected<Json, Failure> ask(const std::string& socket_path, Json request, unsigned timeout_s) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    return std::unexpected(Failure{"unreachable", socket_path + ": too long for a socket's path"});
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval timeout{static_cast<time_t>(timeout_s), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::unexpected(Failure{"unreachable", unreachable_text(socket_path, errno)});
  request["version"] = kVersion;
  std::string line = to_line(request);
  for (std::string_view rest = line; !rest.empty();) {
    ssize_t sent = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // A refusal may be waiting to be read although the server reads no more.
    if (sent < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return read_reply(fd.get());
}

}  // namespace holdfast::app::admin
