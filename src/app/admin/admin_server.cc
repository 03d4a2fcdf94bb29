// SPDX-License-Identifier: Apache-2.0
#include "app/admin/admin_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace holdfast::app::admin {
namespace {

std::string failure(const std::string& path, const char* what) {
  return path + ": " + what + ": " + std::strerror(errno);
}

bool may_administer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

bool somebody_listens(const sockaddr_un& address) {
  platform::UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return true;
  return errno == EAGAIN || errno == EACCES;
}

}  // namespace

std::expected<std::unique_ptr<AdminServer>, std::string> AdminServer::open(ControlLoop& loop,
                                                                           const std::string& path,
                                                                           Handler handler) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return std::unexpected(path + ": a socket's path has at most " +
                           std::to_string(sizeof address.sun_path - 1) + " octets");
  std::memcpy(address.sun_path, path.data(), path.size());
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  struct stat there{};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return std::unexpected(path + ": is there and is no socket");
    if (somebody_listens(address))
      return std::unexpected(path + ": another server uses this admin socket; stop it, or set " +
                             "server.admin_socket");
    ::unlink(path.c_str());
  }
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return std::unexpected(failure(path, "socket"));
  // Between bind and chmod the umask rules; who comes in then still has to pass may_administer().
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::unexpected(failure(path, "cannot make the admin socket"));
  if (::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 16) != 0) {
    std::string error = failure(path, "cannot use the admin socket");
    ::unlink(path.c_str());
    return std::unexpected(error);
  }
  return std::unique_ptr<AdminServer>(
      new AdminServer(loop, path, std::move(fd), std::move(handler)));
}

std::unique_ptr<AdminServer> AdminServer::adopt(ControlLoop& loop, const std::string& path,
                                                platform::UniqueFd listener, Handler handler) {
  return std::unique_ptr<AdminServer>(
      new AdminServer(loop, path, std::move(listener), std::move(handler)));
}

void AdminServer::answer_later(platform::UniqueFd fd, const Json& reply) {
  int number = fd.get();
  auto client = std::make_unique<Client>();
  client->fd = std::move(fd);
  client->out = to_line(reply);
  clients_[number] = std::move(client);
  serve(number, 0);
}

AdminServer::AdminServer(ControlLoop& loop, std::string path, platform::UniqueFd fd,
                         Handler handler)
    : loop_(loop), path_(std::move(path)), listener_(std::move(fd)), handler_(std::move(handler)) {
  loop_.watch(listener_.get(), POLLIN, [this](short) { accept_one(); });
}

AdminServer::~AdminServer() {
  loop_.unwatch(listener_.get());
  for (auto& [fd, client] : clients_) loop_.unwatch(fd);
  ::unlink(path_.c_str());
}

void AdminServer::flush() {
  for (auto& [fd, client] : clients_) send(*client);
}

void AdminServer::accept_one() {
  platform::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) return;
  std::string refusal;
  if (!may_administer(fd.get()))
    refusal = to_line(error_reply("permission", "Only root and the server's own user may ask."));
  else if (clients_.size() >= kMaxClients)
    refusal = to_line(error_reply("busy", "Too many admin connections."));
  if (!refusal.empty()) {
    (void)::send(fd.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL);
    return;
  }
  int number = fd.get();
  auto client = std::make_unique<Client>();
  client->fd = std::move(fd);
  clients_[number] = std::move(client);
  loop_.watch(number, POLLIN, [this, number](short events) { serve(number, events); });
}

void AdminServer::drop(int fd) {
  loop_.unwatch(fd);
  clients_.erase(fd);
}

void AdminServer::serve(int fd, short events) {
  Client& client = *clients_.at(fd);
  bool alive = true;
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !client.ending) alive = receive(client);
  if (alive) answer_lines(client);
  alive = alive && send(client);
  if (!alive || (client.ending && client.out.empty())) return drop(fd);
  // Nothing more is read from a client that does not take its answers.
  short wanted = client.out.empty() ? POLLIN : POLLOUT;
  loop_.watch(fd, wanted, [this, fd](short ready) { serve(fd, ready); });
}

bool AdminServer::receive(Client& client) {
  char buffer[16384];
  ssize_t got = ::recv(client.fd.get(), buffer, sizeof buffer, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) client.ending = true;
  client.in.append(buffer, static_cast<std::size_t>(got));
  return true;
}

void AdminServer::answer_lines(Client& client) {
  while (client.out.empty()) {
    std::size_t end = client.in.find('\n');
    if (end == std::string::npos) break;
    std::string line = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    Parsed parsed = parse_request(line);
    asking_ = client.fd.get();
    client.out = to_line(parsed.error.is_null() ? handler_(parsed.request) : parsed.error);
    asking_ = -1;
    if (client.out.size() > kMaxReplyOctets)
      client.out = to_line(error_reply("too-long", "The answer is too long; set a limit."));
    if (!send(client)) return;
  }
  if (client.out.empty() && client.in.size() > kMaxRequestOctets) {
    client.in.clear();
    client.out = to_line(error_reply("too-long", "A request has at most 65536 octets."));
    client.ending = true;
  }
}

bool AdminServer::send(Client& client) {
  while (!client.out.empty()) {
    ssize_t sent = ::send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    client.out.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace holdfast::app::admin
