// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
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
#include "ports/pipe.h"
#include "ports/random.h"
#include "ports/stream.h"
#include "service/server/waits.h"

namespace holdfast::service {

class Driver;
class Interposer;

/// What the server was given to work with. Everything outlives the Server.
struct Environment {
  ports::Random& random;
  ports::Clock& clock;
  const crypto::Provider& crypto;
  ports::Authenticator& authenticator;
  EventSink& events;
  /// Only in a build for tests.
  Interposer* interposer = nullptr;
};

/// The shares and rules in force, replaced as a whole when the configuration changes.
struct Settings {
  core::Policy policy;
  std::vector<std::shared_ptr<const core::Share>> shares;
  /// As clients see it in srvsvc and the like.
  std::string server_name = "HOLDFAST";
  std::string comment;
  std::size_t max_connections = limits::kMaxConnections;
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

  /// Takes over an accepted connection, on the loop it belongs to.
  void accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream);
  /// New rules: for connections and tree connects from now on; none is dropped.
  void apply(Settings settings);
  /// Ends every connection, from any thread; returns at once.
  void close_all();
  /// Ends one session and its opens. False when there is none.
  bool close_session(core::SessionId id);
  /// Closes one open as its client would, from any thread. False when there is none.
  bool close_file(core::OpenId id);

  /// Runs fn on the loop of a connection, with its driver or, when that has gone meanwhile, with
  /// nullptr. From any thread; false: there is no such connection, and fn is dropped.
  bool on_connection(core::ConnectionId id, std::move_only_function<void(Driver*)> fn);

  std::shared_ptr<const Settings> settings() const;
  std::shared_ptr<const core::Share> find_share(std::string_view name) const;
  std::vector<SessionListing> list_sessions();

  Environment& env() { return environment_; }
  core::SessionTable& sessions() { return sessions_; }
  core::OpenTable& opens() { return opens_; }
  core::NotifyTable& notifications() { return notifications_; }
  WaitRegistry& waits() { return waits_; }
  Counters& counters() { return counters_; }
  NtTime started() const { return started_; }
  void set_pipes(std::shared_ptr<ports::PipeProvider> pipes) { pipes_ = std::move(pipes); }
  ports::PipeProvider* pipes() { return pipes_.get(); }

  void event(Severity severity, std::string_view name, std::string message,
             std::vector<Event::Field> fields = {});

 private:
  friend class Driver;
  void forget(core::ConnectionId id);

  Environment environment_;
  mutable Mutex settings_mutex_;
  std::shared_ptr<const Settings> settings_;
  core::SessionTable sessions_;
  core::OpenTable opens_;
  core::NotifyTable notifications_;
  WaitRegistry waits_;
  Counters counters_;
  NtTime started_;
  std::shared_ptr<ports::PipeProvider> pipes_;

  struct Connected {
    ports::Executor* loop;
    std::weak_ptr<Driver> driver;
  };
  Mutex connections_mutex_;
  core::ConnectionId next_connection_ = 1;
  std::unordered_map<core::ConnectionId, Connected> connections_;
};

}  // namespace holdfast::service
