// SPDX-License-Identifier: Apache-2.0
#include "service/server/server.h"

#include "base/utf16.h"
#include "core/path/tunnel_cache.h"
#include "service/failover/failover.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "service/server/interposer.h"
#include "service/server/keeping.h"
#include "service/server/local_changes.h"
#include "service/server/local_opens.h"
#include "service/server/pipe_reads.h"

namespace holdfast::service {
namespace {

Task<void> close_and_forget(Server& server, ports::Executor& loop, core::OpenId id) {
  (void)co_await close_open(server, loop, id);
}

Task<void> close_kept_and_forget(Server& server, ports::Executor& loop, core::OpenId id) {
  (void)co_await close_kept(server, loop, id);
}

}  // namespace

Server::Server(Environment environment, Settings settings)
    : environment_(environment),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      opens_(environment.random.u64() >> 16 | 1),
      tunnel_cache_(std::make_unique<core::TunnelCache>()),
      pipe_reads_(std::make_unique<PipeReads>()),
      local_opens_(std::make_shared<LocalOpens>(*this)),
      local_changes_(std::make_shared<LocalChanges>(notifications_, waits_, *local_opens_)),
      failover_(std::make_unique<Failover>(*this)),
      started_(environment.clock.now()) {
  if (environment.local != nullptr) environment.local->set_sink(local_opens_);
}

// Another thread may be telling of a change at this moment.
Server::~Server() {
  local_changes_->stop();
  local_opens_->stop();
}

std::weak_ptr<ports::LocalChangeSink> Server::local_change_sink() { return local_changes_; }

void Server::accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
                    std::optional<ports::TcpConnection> behind_proxy) {
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
  auto driver = std::make_shared<Driver>(*this, loop, std::move(stream), id, std::move(current),
                                         behind_proxy);
  {
    Lock lock(connections_mutex_);
    connections_.emplace(id, Connected{&loop, driver});
  }
  counters_.connections.fetch_add(1);
  counters_.connections_total.fetch_add(1);
  driver->start();
}

std::vector<std::shared_ptr<Driver>> Server::drivers() {
  Lock lock(connections_mutex_);
  std::vector<std::shared_ptr<Driver>> out;
  for (const auto& [id, connected] : connections_)
    if (auto driver = connected.driver.lock()) out.push_back(std::move(driver));
  return out;
}

core::ConnectionId Server::next_connection() {
  Lock lock(connections_mutex_);
  return next_connection_;
}

void Server::restore_counts(core::ConnectionId next_connection, std::uint64_t connections_total,
                            NtTime started) {
  Lock lock(connections_mutex_);
  next_connection_ = std::max(next_connection_, next_connection);
  counters_.connections_total.store(connections_total);
  started_ = started;
}

std::shared_ptr<Driver> Server::restore(ports::Executor& loop,
                                        std::shared_ptr<ports::Stream> stream,
                                        core::ConnectionId id) {
  if (env().interposer != nullptr) stream = env().interposer->connected(loop, std::move(stream));
  auto driver =
      std::make_shared<Driver>(*this, loop, std::move(stream), id, settings(), std::nullopt);
  Lock lock(connections_mutex_);
  connections_.emplace(id, Connected{&loop, driver});
  counters_.connections.fetch_add(1);
  return driver;
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
  closing_.store(true);
  failover_->end_waits();
  if (ports::Executor* keeper = keeper_.load())
    keeper->post([this, keeper] {
      for (core::OpenId id : opens_.disconnected())
        if (!opens_.outlives_server(id)) spawn(close_kept_and_forget(*this, *keeper, id));
    });
  Lock lock(connections_mutex_);
  for (auto& [id, connected] : connections_)
    connected.loop->post([weak = connected.driver] {
      if (auto driver = weak.lock()) driver->drain("the server is shutting down");
    });
}

void Server::end_connections_of(const ports::Volume& volume) {
  for (const core::SessionPtr& session : sessions_.all()) {
    std::vector<core::ConnectionId> channels;
    {
      Lock lock(session->mutex);
      for (const auto& [id, tree] : session->trees)
        if (tree.share->failover.get() == &volume) channels = session->channels;
    }
    for (core::ConnectionId channel : channels)
      on_connection(channel, [](Driver* driver) {
        if (driver != nullptr) driver->disconnect("another server has its share");
      });
  }
}

bool Server::on_connection(core::ConnectionId id, std::move_only_function<void(Driver*)> fn,
                           const ports::Executor* here) {
  Connected connected;
  {
    Lock lock(connections_mutex_);
    auto found = connections_.find(id);
    if (found == connections_.end()) return false;
    connected = found->second;
  }
  if (connected.loop == here) {
    fn(connected.driver.lock().get());
    return true;
  }
  connected.loop->post([weak = connected.driver, fn = std::move(fn)]() mutable {
    auto driver = weak.lock();
    fn(driver.get());
  });
  return true;
}

std::vector<core::ConnectionId> Server::channels_of(core::SessionId id) {
  core::SessionPtr session = sessions_.find(id);
  if (session == nullptr) return {};
  Lock lock(session->mutex);
  return session->channels;
}

bool Server::close_session(core::SessionId id, bool keep_durable) {
  std::vector<core::ConnectionId> channels = channels_of(id);
  for (core::ConnectionId channel : channels)
    on_connection(channel, [id, keep_durable](Driver* driver) {
      if (driver == nullptr) return;
      driver->cancel_requests_of(id);
      driver->drop_session(id);
      spawn(end_session(driver->server(), driver->loop(), id,
                        keep_durable ? SessionEnd::kLost : SessionEnd::kClosed));
    });
  return !channels.empty();
}

void Server::drop_other_channels(core::SessionId id, core::ConnectionId but) {
  for (core::ConnectionId channel : channels_of(id))
    if (channel != but)
      on_connection(channel, [id](Driver* driver) {
        if (driver == nullptr) return;
        driver->cancel_requests_of(id);
        driver->drop_session(id);
      });
}

bool Server::close_file(core::OpenId id) {
  std::optional<core::OpenView> open = opens_.find(id);
  if (ports::Executor* keeper = keeper_.load(); keeper != nullptr && opens_.is_disconnected(id)) {
    keeper->post([this, keeper, id] { spawn(close_kept_and_forget(*this, *keeper, id)); });
    return true;
  }
  if (!open) return false;
  for (core::ConnectionId channel : channels_of(open->session))
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

void Server::set_network(std::shared_ptr<ports::NetworkInterfaces> network) {
  Lock lock(settings_mutex_);
  network_ = std::move(network);
}

std::shared_ptr<ports::NetworkInterfaces> Server::network() const {
  Lock lock(settings_mutex_);
  return network_;
}

void Server::set_listening(std::vector<ports::Endpoint> listening) {
  Lock lock(settings_mutex_);
  listening_ = std::move(listening);
}

std::vector<ports::Endpoint> Server::listening() const {
  Lock lock(settings_mutex_);
  return listening_;
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
