// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "app/admin/admin_server.h"
#include "app/config/loader.h"
#include "app/control/control_loop.h"
#include "app/control/service_manager.h"
#include "app/daemon/kept_sockets.h"
#include "app/daemon/share_file_editor.h"
#include "app/log/log_sink.h"
#include "app/log/recent_events.h"
#include "app/node/node.h"
#include "app/upgrade/arrival.h"
#include "platform/farewell/farewell.h"
#include "platform/random/system_random.h"
#include "platform/users/nss_accounts.h"
#include "platform/users/user_store.h"

namespace holdfast::app {

/// holdfastd: a node that follows a configuration file, signals and the admin socket.
class Daemon {
 public:
  Daemon(std::string config_file, EventSink& events, LogSink* log);
  ~Daemon();

  /// Everything up to serving. The error is for the administrator, possibly several lines.
  std::expected<void, std::string> start();
  /// Serves until SIGTERM, SIGINT or the admin command "stop"; then ends connections in order.
  void run();
  struct Reloaded {
    /// What was done, for people.
    std::string text;
    /// False: an address could not be listened on, or a share's directory is not there.
    bool complete = true;
  };
  /// Reads the configuration and the users again, and applies what changed; clients stay. On an
  /// error nothing has changed.
  std::expected<Reloaded, std::string> reload();

  /// For tests: before start(), leaves signals alone.
  void without_signals() { handle_signals_ = false; }
  /// For a build for tests, before start(). Outlives the daemon.
  void set_interposer(service::Interposer* interposer) { interposer_ = interposer; }
  /// Before start(): the words behind the program's name, for an upgrade.
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }
  /// Before start(): an earlier binary of this process has left its clients behind this descriptor.
  void arrive(int handover_fd);
  ControlLoop& control() { return control_; }
  Node& node() { return *node_; }
  admin::Json answer(const admin::Json& request);

 private:
  void event(Severity severity, std::string_view name, std::string message);
  void report_warnings(const LoadResult& loaded);
  void report_unknown_users(const Config& config);
  void on_signal(int signal);
  /// Shares that could not be opened, as a sentence, or "".
  std::string left_out(const Config& config);
  /// Listens where the configuration says and no longer elsewhere. What could not be, as sentences.
  std::string follow_listeners(const Config& next);
  void watch_share_edits();
  std::expected<void, std::string> open_admin();
  std::expected<void, std::string> listen_first();
  admin::Json upgrade(const admin::Json& request);
  void finish_arrival();
  std::expected<void, std::string> open_users(const Config& config);
  /// "" or the error.
  std::string reload_users();
  void end_sessions_of_removed_users();
  std::string summary() const;

  std::string config_file_;
  /// What `holdfast failover log` shows, and where all of it goes.
  RecentEvents failover_events_;
  EventSink& events_;
  LogSink* log_;
  bool handle_signals_ = true;
  service::Interposer* interposer_ = nullptr;
  ServiceManager service_manager_;
  ControlLoop control_;
  KeptSockets kept_sockets_{service_manager_, control_};
  platform::Farewell farewell_;
  platform::SystemRandom random_;
  Config config_;
  Guid server_guid_;
  std::shared_ptr<platform::FileUserDatabase> users_;
  std::shared_ptr<platform::NssAccounts> accounts_;
  /// Readable when a client has changed the configuration file.
  platform::UniqueFd edited_;
  std::shared_ptr<ShareFileEditor> share_editor_;
  std::vector<std::string> arguments_;
  /// During a start that goes on with the clients of an earlier binary.
  std::unique_ptr<Arrival> arrival_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<admin::AdminServer> admin_;
};

}  // namespace holdfast::app
