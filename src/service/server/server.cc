// SPDX-License-Identifier: Apache-2.0
#include "service/server/server.h"

#include "base/utf16.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "service/server/interposer.h"

namespace holdfast::service {
namespace {

Task<void> close_and_forget(Server& server, ports::Executor& loop, core::OpenId id) {
  (void)co_await close_open(server, loop, id);
}

}  // namespace

Server::Server(Environment environment, Settings settings)
    : environment_(environment),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      started_(environment.clock.now()) {}

Server::~Server() = default;

void Server::accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
  auto current = settings();
  core::ConnectionId id;
  {
    Lock lock(connections_mutex_);
    if (connections_.size() >= current->max_connections)
      id = 0;
    else
      id = next_connection_++;
  }
  if (id == 0) {
    event(Severity::kWarning, "connection.refused",
          "Refused " + stream->peer().to_string() + ": all " +
              std::to_string(current->max_connections) +
              " connections are in use (limits.max_connections).",
          {{"peer", stream->peer().to_string()}});
    return stream->abort();
  }
  if (env().interposer != nullptr) stream = env().interposer->connected(loop, std::move(stream));
  auto driver = std::make_shared<Driver>(*this, loop, std::move(stream), id, std::move(current));
  {
    Lock lock(connections_mutex_);
    connections_.emplace(id, Connected{&loop, driver});
  }
  counters_.connections.fetch_add(1);
  counters_.connections_total.fetch_add(1);
  driver->start();
}

void Server::forget(core::ConnectionId id) {
  Lock lock(connections_mutex_);
  if (connections_.erase(id) != 0) counters_.connections.fetch_sub(1);
}

void Server::apply(Settings settings) {
  auto next = std::make_shared<const Settings>(std::move(settings));
  Lock lock(settings_mutex_);
  settings_ = std::move(next);
}

void Server::close_all() {
  Lock lock(connections_mutex_);
  for (auto& [id, connected] : connections_)
    connected.loop->post([weak = connected.driver] {
      if (auto driver = weak.lock()) driver->disconnect("the server is shutting down");
    });
}

bool Server::on_connection(core::ConnectionId id, std::move_only_function<void(Driver*)> fn) {
  Lock lock(connections_mutex_);
  auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  found->second.loop->post([weak = found->second.driver, fn = std::move(fn)]() mutable {
    auto driver = weak.lock();
    fn(driver.get());
  });
  return true;
}

bool Server::close_session(core::SessionId id) {
  core::SessionPtr session = sessions_.find(id);
  if (session == nullptr) return false;
  std::vector<core::ConnectionId> channels;
  {
    Lock lock(session->mutex);
    channels = session->channels;
  }
  for (core::ConnectionId channel : channels)
    on_connection(channel, [id](Driver* driver) {
      if (driver == nullptr) return;
      driver->cancel_requests_of(id);
      driver->drop_session(id);
      spawn(end_session(driver->server(), driver->loop(), id));
    });
  return true;
}

bool Server::close_file(core::OpenId id) {
  std::optional<core::OpenView> open = opens_.find(id);
  core::SessionPtr session = open ? sessions_.find(open->session) : nullptr;
  if (session == nullptr) return false;
  std::vector<core::ConnectionId> channels;
  {
    Lock lock(session->mutex);
    channels = session->channels;
  }
  for (core::ConnectionId channel : channels)
    // When the connection ends before this runs, so does the open.
    if (on_connection(channel, [id](Driver* driver) {
          if (driver != nullptr) spawn(close_and_forget(driver->server(), driver->loop(), id));
        }))
      return true;
  return false;
}

std::shared_ptr<const Settings> Server::settings() const {
  Lock lock(settings_mutex_);
  return settings_;
}

std::shared_ptr<const core::Share> Server::find_share(std::string_view name) const {
  for (const auto& share : settings()->shares)
    if (same_name(share->name, name)) return share;
  return nullptr;
}

std::vector<SessionListing> Server::list_sessions() {
  std::vector<SessionListing> out;
  for (const core::SessionPtr& session : sessions_.all()) {
    Lock lock(session->mutex);
    if (session->state == core::SessionState::kInProgress || session->identity == nullptr) continue;
    SessionListing& l = out.emplace_back();
    l.id = session->id;
    l.user = session->identity->is_anonymous ? "" : session->identity->user;
    l.address = session->client_address;
    l.dialect = session->dialect;
    if (session->keys.signer) l.signing = crypto::name(session->keys.signer->algorithm());
    if (session->keys.seal) l.cipher = crypto::name(session->keys.seal->cipher());
    l.encrypted = session->encrypt;
    l.guest = session->identity->is_guest;
    l.trees = session->trees.size();
    for (const auto& [id, tree] : session->trees) l.shares.push_back(tree.share->name);
    l.created = session->created;
  }
  return out;
}

void Server::event(Severity severity, std::string_view name, std::string message,
                   std::vector<Event::Field> fields) {
  environment_.events.emit(Event{severity, name, std::move(message), std::move(fields)});
}

}  // namespace holdfast::service
