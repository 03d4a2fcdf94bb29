// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "app/daemon/admin_commands.h"
#include "app/daemon/node_options.h"
#include "app/daemon/state_dir.h"
#include "app/daemon/witness_commands.h"
#include "app/upgrade/check_binary.h"
#include "app/upgrade/upgrade.h"
#include "platform/store_journal/journal_volume.h"

namespace holdfast::app {
namespace {

/// How long a start waits for what another process still has: one that was killed a moment ago may
/// not have gone yet.
constexpr int kStartTries = 150;
constexpr std::chrono::milliseconds kStartPause(20);

}  // namespace

Daemon::Daemon(std::string config_file, EventSink& events, LogSink* log)
    : config_file_(std::move(config_file)),
      failover_events_(events, "failover."),
      events_(failover_events_),
      log_(log),
      farewell_([this](const platform::FarewellReport& report) {
        events_.emit(platform::farewell_event(report));
      }) {}

Daemon::~Daemon() = default;

void Daemon::event(Severity severity, std::string_view name, std::string message) {
  events_.emit(Event{severity, name, std::move(message), {}});
}

void Daemon::report_warnings(const LoadResult& loaded) {
  for (const Finding& f : loaded.findings)
    if (!f.is_error)
      event(Severity::kWarning, "config.warning",
            loaded.file + ":" + (f.line != 0 ? std::to_string(f.line) + ":" : "") + " " + f.text);
}

void Daemon::report_unknown_users(const Config& config) {
  for (const ShareConfig& share : config.shares)
    for (const auto* list : {&share.users, &share.read_only_users})
      for (const std::string& name : *list)
        if (!users_->find(name))
          event(Severity::kWarning, "config.warning",
                config_file_ + ":" + std::to_string(share.line) + ": share \"" + share.name +
                    "\" names \"" + name + "\", and there is no such user (`holdfast user add`).");
}

std::expected<void, std::string> Daemon::open_users(const Config& config) {
  platform::UserStore store(config.users_file());
  if (!store.exists()) {
    // An empty file, so that the machine SID is decided once.
    auto made = store.edit(
        random_, [](service::UserFile&) -> std::expected<void, std::string> { return {}; });
    if (!made) return made;
  }
  users_ = std::make_shared<platform::FileUserDatabase>(config.users_file());
  accounts_ = std::make_shared<platform::NssAccounts>();
  return users_->reload();
}

std::expected<void, std::string> Daemon::start() {
  kept_sockets_.arrive();
  LoadResult loaded = load_config(config_file_);
  if (!loaded.ok()) return std::unexpected(loaded.report());
  config_ = std::move(loaded.config);
  if (log_ != nullptr) log_->set(config_.log_level, config_.log_format);
  report_warnings(loaded);
  if (handle_signals_) {
    // Who started us may have ignored them (nohup, a shell's background); the daemon needs them.
    for (int signal : {SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN);
    control_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); });
  }
  if (auto made = prepare_state_dir(config_.server.state_dir); !made) return made;
  auto guid = load_server_guid(config_.server.state_dir, random_);
  if (!guid) return std::unexpected(guid.error());
  server_guid_ = *guid;
  // Clients know the server that serves a volume by this: whoever comes next is the same one.
  for (const ShareConfig& share : config_.shares)
    if (std::string path = state_path(share); !path.empty())
      if (auto stored = platform::store::stored_server_guid(path)) {
        server_guid_ = *stored;
        break;
      }
  if (auto opened = open_users(config_); !opened) return opened;
  report_unknown_users(config_);
  // First the socket: it tells whether another daemon runs on this configuration.
  if (auto opened = open_admin(); !opened) return opened;
  watch_share_edits();
  NodeOptions options = node_options(config_, ::geteuid() == 0, server_guid_, users_, accounts_);
  options.interposer = interposer_;
  options.share_editor = share_editor_;
  if (arrival_ != nullptr) options.takeover = &arrival_->takeover();
  if (service_manager_.is_there() && config_.failover.end_in_order)
    options.loops.outlive = [this](int socket, bool yes) { kept_sockets_.outlive(socket, yes); };
  auto node = Node::start(std::move(options), events_);
  if (!node) return std::unexpected(node.error());
  node_ = std::move(*node);
  // Whoever was connected goes on first.
  if (arrival_ != nullptr) arrival_->connect(*node_);
  if (auto listening = listen_first(); !listening) return listening;
  for (platform::UniqueFd& socket : kept_sockets_.take_connections())
    farewell_.add(std::move(socket));
  event(Severity::kNotice, "server.started", summary());
  if (arrival_ != nullptr) finish_arrival();
  service_manager_.ready(summary());
  return {};
}

std::expected<void, std::string> Daemon::open_admin() {
  auto handler = [this](const admin::Json& request) { return answer(request); };
  const std::string path = config_.admin_socket();
  if (int fd = arrival_ == nullptr ? -1 : arrival_->take_admin(path); fd >= 0) {
    admin_ = admin::AdminServer::adopt(control_, path, platform::UniqueFd(fd), handler);
    return {};
  }
  auto admin = admin::AdminServer::open(control_, path, handler);
  for (int tries = 0; !admin && tries < kStartTries; ++tries) {
    std::this_thread::sleep_for(kStartPause);
    admin = admin::AdminServer::open(control_, path, handler);
  }
  if (!admin) return std::unexpected(admin.error());
  admin_ = std::move(*admin);
  return {};
}

std::expected<void, std::string> Daemon::listen_first() {
  for (const ListenAt& l : endpoints_of(config_)) {
    auto sockets = arrival_ != nullptr ? arrival_->take_listener(l.at) : kept_sockets_.take(l.at);
    if (!sockets.empty()) node_->listen(l, std::move(sockets));
  }
  std::string failed = follow_listeners(config_);
  for (int tries = 0; !failed.empty() && tries < kStartTries; ++tries) {
    std::this_thread::sleep_for(kStartPause);
    failed = follow_listeners(config_);
  }
  if (std::ranges::find(node_->listening(), Serves::kSmb, &ListenAt::serves) ==
      node_->listening().end())
    return std::unexpected(failed);
  if (!failed.empty()) event(Severity::kError, "listen.failed", failed);
  return {};
}

// ---- another binary in this process ----

void Daemon::arrive(int handover_fd) {
  auto arrival = Arrival::read(handover_fd);
  if (arrival) {
    arrival_ = std::move(*arrival);
    return;
  }
  event(Severity::kError, "upgrade.lost",
        "Cannot go on with the clients of the earlier binary: " + arrival.error() +
            ". They come back by themselves, to what outlives a server.");
}

void Daemon::finish_arrival() {
  const auto& report = arrival_->takeover().report();
  std::uint64_t pause_ms = arrival_->pause_ms();
  std::string text = "holdfastd " HOLDFAST_VERSION " goes on with " +
                     std::to_string(report.connections) + " connection(s) and " +
                     std::to_string(report.opens) + " open(s) after a pause of " +
                     std::to_string(pause_ms) + " ms";
  if (report.closed != 0) text += "; " + std::to_string(report.closed) + " connection(s) closed";
  for (std::size_t i = 0; i < report.reasons.size(); ++i)
    text += (i == 0 ? ": " : ", ") + report.reasons[i];
  if (report.pipes != 0) text += "; " + std::to_string(report.pipes) + " pipe(s) disconnected";
  text += ".";
  bool whole = report.closed == 0 && report.opens_lost == 0;
  event(whole ? Severity::kNotice : Severity::kWarning, "server.upgraded", text);
  end_sessions_of_removed_users();
  admin::Json result = {{"text", text},
                        {"version", HOLDFAST_VERSION},
                        {"connections", report.connections},
                        {"sessions", report.sessions},
                        {"opens", report.opens},
                        {"requests", report.requests},
                        {"closed", report.closed},
                        {"opens_lost", report.opens_lost},
                        {"pipes", report.pipes},
                        {"reasons", report.reasons},
                        {"pause_ms", pause_ms}};
  if (int asker = arrival_->take_asker(); asker >= 0)
    admin_->answer_later(platform::UniqueFd(asker), admin::result_reply(std::move(result)));
  arrival_.reset();
}

admin::Json Daemon::upgrade(const admin::Json& request) {
  UpgradeOrder order;
  order.binary = own_binary();
  if (auto binary = request.find("binary"); binary != request.end() && binary->is_string())
    order.binary = binary->get<std::string>();
  order.arguments = arguments_;
  order.admin_listener = admin_->listener();
  order.asker = admin_->asking();
  order.admin_path = config_.admin_socket();
  std::string problem = check_binary(order.binary, config_file_);
  if (problem.empty()) {
    event(Severity::kNotice, "server.upgrading", "Handing over to " + order.binary + ".");
    problem = app::upgrade(*node_, order);
  }
  event(Severity::kError, "upgrade.refused", "The server goes on as it was: " + problem);
  return admin::error_reply("upgrade", "The server goes on as it was: " + problem);
}

/// Clients change the file on loops; it is taken here, on the main thread.
void Daemon::watch_share_edits() {
  edited_ = platform::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  int fd = edited_.get();
  share_editor_ = std::make_shared<ShareFileEditor>(config_file_, events_,
                                                    [fd] { (void)::eventfd_write(fd, 1); });
  share_editor_->allow(config_.remote_share_changes);
  control_.watch(fd, POLLIN, [this, fd](short) {
    eventfd_t count;
    if (::eventfd_read(fd, &count) == 0) (void)reload();
  });
}

std::string Daemon::summary() const {
  std::string text = "holdfastd " HOLDFAST_VERSION " serves " +
                     std::to_string(node_->server().settings()->shares.size() - 1) +
                     " share(s) on ";
  std::string where;
  for (const ListenAt& l : node_->listening())
    where += (where.empty() ? "" : ", ") + l.at.to_string() +
             (l.serves == Serves::kWitness          ? " (witness)"
              : l.serves == Serves::kEndpointMapper ? " (endpoint mapper)"
              : l.proxies.empty()                   ? ""
                                                    : " (PROXY)");
  return text + where + " (" + node_->loops().kind_reason() + ", " +
         std::to_string(node_->loops().size()) + " loop(s)).";
}

std::string Daemon::follow_listeners(const Config& next) {
  std::vector<ListenAt> wanted = endpoints_of(next);
  std::vector<ListenAt> have = node_->listening();
  for (const ListenAt& l : have) {
    if (std::ranges::find(wanted, l) != wanted.end()) continue;
    node_->stop_listening(l.at);
    bool again = std::ranges::find(wanted, l.at, &ListenAt::at) != wanted.end();
    if (!again)
      event(Severity::kNotice, "listen.ended", "No longer listening on " + l.at.to_string() + ".");
  }
  std::string failed;
  have = node_->listening();
  for (const ListenAt& l : wanted) {
    if (std::ranges::find(have, l) != have.end()) continue;
    auto listening = node_->listen(l);
    if (!listening)
      failed += (failed.empty() ? "" : " ") + listening.error();
    else if (!listening->note.empty())
      event(Severity::kNotice, "listen.note", listening->note);
  }
  kept_sockets_.follow(node_->loops().listening_sockets());
  return failed;
}

std::string Daemon::reload_users() {
  accounts_->clear();
  if (auto read = users_->reload(); !read) {
    event(Severity::kError, "users.refused", "The users stay as they were: " + read.error());
    return read.error();
  }
  end_sessions_of_removed_users();
  return "";
}

void Daemon::end_sessions_of_removed_users() {
  for (const service::SessionListing& s : node_->server().list_sessions()) {
    if (s.guest || s.user.empty()) continue;
    auto user = users_->find(s.user);
    if (user && !user->disabled) continue;
    node_->server().close_session(s.id);
    event(Severity::kNotice, "session.ended",
          "Ended the session of " + s.user + " from " + s.address +
              ", who is no longer a user of this server.");
  }
}

std::string Daemon::left_out(const Config& config) {
  std::string names;
  for (const ShareConfig& share : config.shares)
    if (node_->server().find_share(share.name) == nullptr)
      names += (names.empty() ? "" : ", ") + share.name;
  return names.empty()
             ? ""
             : "Shares left out, because their directory cannot be opened: " + names + ".";
}

std::expected<Daemon::Reloaded, std::string> Daemon::reload() {
  service_manager_.reloading();
  auto give_up = [this](std::string why) {
    event(Severity::kError, "config.refused", "The configuration stays as it was. " + why);
    service_manager_.ready(summary());
    return std::unexpected(why);
  };
  LoadResult loaded = load_config(config_file_);
  if (!loaded.ok()) return give_up(loaded.report());
  report_warnings(loaded);
  if (std::string error = reload_users(); !error.empty()) return give_up(error);
  Config& next = loaded.config;
  report_unknown_users(next);
  std::vector<std::string> later = needs_restart(config_, next);
  auto applied =
      node_->apply(node_options(next, ::geteuid() == 0, server_guid_, users_, accounts_));
  if (!applied) return give_up(applied.error());
  std::string failed = follow_listeners(next);
  if (std::string shares = left_out(next); !shares.empty())
    failed += (failed.empty() ? "" : " ") + shares;
  if (log_ != nullptr) log_->set(next.log_level, next.log_format);
  std::string text = "The configuration was applied. " + summary();
  if (!failed.empty()) text += " Not done: " + failed;
  for (std::size_t i = 0; i < later.size(); ++i)
    text += (i == 0 ? " Takes effect on restart: " : ", ") + later[i];
  if (!later.empty()) text += ".";
  // What needs a restart stays as the running server has it, to be named again at the next reload.
  for (const std::string& key : later) {
    auto running = config_.given.find(key);
    if (running == config_.given.end())
      next.given.erase(key);
    else
      next.given[key] = running->second;
  }
  next.server.state_dir = config_.server.state_dir;
  next.server.users_file = config_.server.users_file;
  next.server.run_dir = config_.server.run_dir;
  next.server.admin_socket = config_.server.admin_socket;
  share_editor_->allow(next.remote_share_changes);
  config_ = std::move(next);
  event(failed.empty() ? Severity::kNotice : Severity::kError, "config.applied", text);
  service_manager_.ready(summary());
  return Reloaded{text, failed.empty()};
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) {
    (void)reload();
    return;
  }
  event(Severity::kNotice, "server.stopping",
        std::string("Stopping on ") + (signal == SIGTERM ? "SIGTERM." : "SIGINT."));
  control_.stop();
}

admin::Json Daemon::answer(const admin::Json& request) {
  const auto& command = request["command"].get_ref<const std::string&>();
  if (node_ == nullptr) return admin::error_reply("starting", "The server is starting.");
  if (command == "status") {
    admin::Json status = node_status(*node_);
    std::error_code ignored;
    status["config"] = std::filesystem::absolute(config_file_, ignored).string();
    status["users_file"] = config_.users_file();
    status["state_dir"] = config_.server.state_dir;
    return admin::result_reply(std::move(status));
  }
  if (command == "reload") {
    auto done = reload();
    if (!done) return admin::error_reply("config", done.error());
    return admin::result_reply({{"text", done->text}, {"complete", done->complete}});
  }
  if (command == "reload-users") {
    if (std::string error = reload_users(); !error.empty())
      return admin::error_reply("users", error);
    return admin::result_reply(admin::Json::object());
  }
  if (command == "stop") {
    event(Severity::kNotice, "server.stopping", "Stopping, as asked on the admin socket.");
    control_.stop();
    return admin::result_reply(admin::Json::object());
  }
  if (command == "upgrade") return upgrade(request);
  if (command == "failover-log") return admin::result_reply(failover_log(failover_events_));
  if (auto reply = answer_about_node(*node_, request)) return std::move(*reply);
  if (auto reply = answer_about_witness(*node_, request)) return std::move(*reply);
  return admin::error_reply("no-such-command",
                            "There is no command \"" + command +
                                "\"; known are status, sessions, files, shares, failover, "
                                "failover-log, close-session, witness-list, witness-move, reload, "
                                "reload-users, upgrade and stop.");
}

void Daemon::run() {
  control_.run();
  service_manager_.stopping();
  admin_->flush();
  admin_.reset();
  node_->stop();
  event(Severity::kNotice, "server.stopped", "Stopped.");
}

}  // namespace holdfast::app
