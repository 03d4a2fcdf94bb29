// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event.h"
#include "base/mutex.h"
#include "core/connection/policy.h"
#include "core/notify/notify_table.h"
#include "core/object/open_table.h"
#include "core/session/session.h"
#include "crypto/provider.h"
#include "ports/authenticator.h"
#include "ports/local_coherence.h"
#include "ports/network.h"
#include "ports/pipe.h"
#include "ports/random.h"
#include "ports/stream.h"
#include "ports/tickler.h"
#include "service/server/stranded.h"
#include "service/server/waits.h"

namespace holdfast::core {
class TunnelCache;
}

namespace holdfast::service {

class Driver;
class Interposer;
class LocalChanges;
class PipeReads;
class LocalOpens;
class Failover;

/// What the server was given to work with. Everything outlives the Server.
struct Environment {
  ports::Random& random;
  ports::Clock& clock;
  const crypto::Provider& crypto;
  ports::Authenticator& authenticator;
  EventSink& events;
  /// Only in a build for tests.
  Interposer* interposer = nullptr;
  /// Null: no share has local coherence.
  ports::LocalCoherence* local = nullptr;
};

/// The shares and rules in force, replaced as a whole when the configuration changes.
struct Settings {
  core::Policy policy;
  std::vector<std::shared_ptr<const core::Share>> shares;
  /// As clients see it in srvsvc and the like.
  std::string server_name = "HOLDFAST";
  std::string comment;
  std::size_t max_connections = limits::kMaxConnections;
  /// What clients are told of instead of the machine's own addresses. Empty: those.
  std::vector<ports::NetworkAddress> channel_addresses;
};

/// For `holdfast sessions`.
struct SessionListing {
  core::SessionId id = 0;
  std::string user;
  std::string address;
  std::uint16_t dialect = 0;
  std::string signing;
  std::string cipher;
  bool encrypted = false;
  bool guest = false;
  std::size_t trees = 0;
  std::vector<std::string> shares;
  NtTime created;
};

/// Counters for people and programs. Octets are payload.
struct Counters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> files_opened{0};
  std::atomic<std::uint64_t> logons_refused{0};
};

/// The SMB server: what all connections share. Connections come from accept(); nothing here waits.
class Server {
 public:
  Server(Environment environment, Settings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Takes over an accepted connection, on the loop it belongs to. behind_proxy: the connection on
  /// the wire, when the stream says whom a proxy speaks for.
  void accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
              std::optional<ports::TcpConnection> behind_proxy = std::nullopt);
  /// New rules: for connections and tree connects from now on; none is dropped.
  void apply(Settings settings);
  /// Ends every connection when its requests in progress are answered, from any thread; returns at
  /// once. Opens that outlive the server stay for the next one.
  void close_all();
  /// Ends the connections of whoever uses this volume, from any thread.
  void end_connections_of(const ports::Volume& volume);
  /// Ends one session and its opens; keep_durable: but for those that outlive it (closing.h).
  /// False when there is none.
  bool close_session(core::SessionId id, bool keep_durable = false);
  /// The session is about to end: its channels but this one drop it and let its requests go.
  void drop_other_channels(core::SessionId id, core::ConnectionId but);
  /// Closes one open as its client would, from any thread. False when there is none.
  bool close_file(core::OpenId id);

  /// Runs fn on the loop of a connection, with its driver or, when that has gone meanwhile, with
  /// nullptr. From any thread; false: there is no such connection, and fn is dropped.
  /// here: the caller's loop; a connection of that loop is served at once.
  bool on_connection(core::ConnectionId id, std::move_only_function<void(Driver*)> fn,
                     const ports::Executor* here = nullptr);

  // ---- hand-over to another binary (service/handover) ----

  std::vector<std::shared_ptr<Driver>> drivers();
  core::ConnectionId next_connection();
  /// Of an earlier binary.
  void restore_counts(core::ConnectionId next_connection, std::uint64_t connections_total,
                      NtTime started);
  /// A connection that an earlier binary had; start() is still to come.
  std::shared_ptr<Driver> restore(ports::Executor& loop, std::shared_ptr<ports::Stream> stream,
                                  core::ConnectionId id);

  /// True after close_all(): no open is kept for a client any more.
  bool is_closing() const { return closing_.load(); }
  /// A loop that can close opens that no connection has.
  void set_keeper(ports::Executor& loop) { keeper_.store(&loop); }

  std::shared_ptr<const Settings> settings() const;
  std::shared_ptr<const core::Share> find_share(std::string_view name) const;
  std::vector<SessionListing> list_sessions();

  Environment& env() { return environment_; }
  core::SessionTable& sessions() { return sessions_; }
  core::OpenTable& opens() { return opens_; }
  core::CreateReplayTable& create_replays() { return create_replays_; }
  core::NotifyTable& notifications() { return notifications_; }
  /// Short names of what was removed just now.
  core::TunnelCache& tunnel_cache() { return *tunnel_cache_; }
  /// Turns what others do to the files into notifications.
  std::weak_ptr<ports::LocalChangeSink> local_change_sink();
  LocalOpens& local_opens() { return *local_opens_; }
  WaitRegistry& waits() { return waits_; }
  StrandedRequests& stranded() { return stranded_; }
  PipeReads& pipe_reads() { return *pipe_reads_; }
  Failover& failover() { return *failover_; }
  Counters& counters() { return counters_; }
  NtTime started() const { return started_; }
  /// For what may run when the server is gone: held weakly.
  const std::shared_ptr<const bool>& alive() const { return alive_; }
  void set_pipes(std::shared_ptr<ports::PipeProvider> pipes) { pipes_ = std::move(pipes); }
  ports::PipeProvider* pipes() { return pipes_.get(); }

  /// Where clients may come to, for those that open several channels. Both from any thread.
  void set_network(std::shared_ptr<ports::NetworkInterfaces> network);
  std::shared_ptr<ports::NetworkInterfaces> network() const;
  void set_listening(std::vector<ports::Endpoint> listening);
  std::vector<ports::Endpoint> listening() const;

  void event(Severity severity, std::string_view name, std::string message,
             std::vector<Event::Field> fields = {});

 private:
  friend class Driver;
  void forget(core::ConnectionId id);
  std::vector<core::ConnectionId> channels_of(core::SessionId id);

  Environment environment_;
  mutable Mutex settings_mutex_;
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<ports::NetworkInterfaces> network_;
  std::vector<ports::Endpoint> listening_;
  core::SessionTable sessions_;
  core::OpenTable opens_;
  core::CreateReplayTable create_replays_;
  core::NotifyTable notifications_;
  std::unique_ptr<core::TunnelCache> tunnel_cache_;
  WaitRegistry waits_;
  StrandedRequests stranded_;
  std::unique_ptr<PipeReads> pipe_reads_;
  std::shared_ptr<LocalOpens> local_opens_;
  std::shared_ptr<LocalChanges> local_changes_;
  std::unique_ptr<Failover> failover_;
  Counters counters_;
  NtTime started_;
  std::shared_ptr<ports::PipeProvider> pipes_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::atomic<bool> closing_{false};
  std::atomic<ports::Executor*> keeper_{nullptr};

  struct Connected {
    ports::Executor* loop;
    std::weak_ptr<Driver> driver;
  };
  Mutex connections_mutex_;
  core::ConnectionId next_connection_ = 1;
  std::unordered_map<core::ConnectionId, Connected> connections_;
};

}  // namespace holdfast::service
