// SPDX-License-Identifier: Apache-2.0
#include "cli/serve.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/admin/admin_server.h"
#include "app/config/address.h"
#include "app/config/schema.h"
#include "app/control/control_loop.h"
#include "app/daemon/admin_commands.h"
#include "app/log/log_sink.h"
#include "app/node/node.h"
#include "cli/addresses.h"
#include "cli/exit_status.h"
#include "cli/secrets.h"
#include "cli/text.h"
#include "crypto/legacy.h"
#include "platform/random/system_random.h"
#include "service/logon/ntlm_crypto.h"

namespace holdfast::cli {
namespace {

constexpr std::uint16_t kSmbPort = 445;
constexpr std::uint16_t kHighPort = 4450;

int failed(const std::string& text) {
  std::fprintf(stderr, "holdfast: %s\n", text.c_str());
  return kFailed;
}

/// Who logs on: the name, and the password if it is to be shown.
struct Account {
  std::string user;
  std::string password;
  bool generated = false;
};

std::string login_name() {
  const passwd* entry = ::geteuid() == 0 ? nullptr : ::getpwuid(::geteuid());
  std::string name = entry != nullptr ? entry->pw_name : "user";
  return service::user_name_error(name) == nullptr ? name : "user";
}

std::expected<Account, std::string> choose_account(const ServeArguments& a, ports::Random& random) {
  Account account;
  account.user = a.user.empty() ? login_name() : a.user;
  if (const char* error = service::user_name_error(account.user))
    return std::unexpected("--user " + account.user + ": " + error);
  std::string from_environment = take_password_from_environment();
  if (!a.password_file.empty()) {
    auto password = read_password_file(a.password_file);
    if (!password) return std::unexpected(password.error());
    account.password = *password;
  } else if (!from_environment.empty()) {
    account.password = from_environment;
  } else if (!a.user.empty() && can_prompt()) {
    auto password = prompt_password("Password for " + a.user + " (empty: one is made): ", false);
    if (!password) return std::unexpected(password.error());
    account.password = *password;
  }
  if (!account.password.empty()) return account;
  if (a.guest && a.user.empty()) return account.user.clear(), account;
  // A password in a log file or a pipe is a password lost.
  if (::isatty(STDOUT_FILENO) != 1)
    return std::unexpected(
        "no password: give --password-file FILE or HOLDFAST_PASSWORD (one is made only when a "
        "terminal shows it)");
  account.password = generate_password(random);
  account.generated = true;
  return account;
}

/// This machine's name as clients show it: NetBIOS has 15 characters, upper case by custom.
std::string host_name() {
  char text[256] = "";
  if (::gethostname(text, sizeof text - 1) != 0) return "HOLDFAST";
  std::string name;
  for (const char* c = text; *c != '\0' && *c != '.' && name.size() < 15; ++c) {
    bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
    if (!letter && (*c < '0' || *c > '9') && *c != '-') continue;
    name += static_cast<char>(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  }
  return name.empty() ? "HOLDFAST" : name;
}

/// 16 octets that stay the same on this machine for this user and purpose; random ones where the
/// machine has no id.
std::array<std::uint8_t, 16> stable_octets(const std::string& purpose, ports::Random& random) {
  std::ifstream in("/etc/machine-id");
  std::string machine;
  std::array<std::uint8_t, 16> octets{};
  if (!std::getline(in, machine) || machine.size() < 32) {
    random.fill(octets);
    return octets;
  }
  std::string text = "holdfast " + std::to_string(::geteuid()) + " " + purpose;
  return crypto::hmac_md5(as_bytes(machine), as_bytes(text));
}

app::NodeOptions node_options(const ServeArguments& a, const std::string& directory,
                              const std::string& share_name, const Account& account,
                              std::uint16_t port, ports::Random& random) {
  app::NodeOptions options;
  options.server_name = host_name();
  options.ntlm.names.netbios_name = options.server_name;
  options.loops.kind = a.loop;
  options.loops.loops = a.threads;
  options.policy.signing = a.signing;
  options.policy.encryption = a.encryption;
  options.policy.min_dialect = a.min_dialect;
  options.policy.max_dialect = a.max_dialect;
  options.policy.allow_guest = a.guest;
  options.policy.server_guid = Guid::from(stable_octets("server " + std::to_string(port), random));
  options.ntlm.policy.allow_guest = a.guest;
  options.ntlm.policy.map_unknown_user_to_guest = a.guest;
  std::vector<service::UserRecord> users;
  if (!account.user.empty()) {
    service::UserRecord& record = users.emplace_back();
    record.name = account.user;
    record.nt_hash = service::nt_hash(account.password);
    record.rid = service::kFirstUserRid;
    record.admin = true;
  }
  auto octets = stable_octets("machine", random);
  options.users = std::make_shared<service::StaticUserDatabase>(
      service::make_machine_sid(Bytes(octets).first(12)), std::move(users));
  app::ShareOptions& share = options.shares.emplace_back();
  share.share.name = share_name;
  share.share.read_only = a.read_only;
  share.share.guest_ok = a.guest;
  share.share.encryption = a.encryption;
  share.directory = directory;
  return options;
}

std::string forms_of(const ShareAddress& at) {
  std::string out;
  out += "  " + smb_url(at) + "\n";
  if (std::string path = windows_path(at); !path.empty()) out += "  " + path + "\n";
  out += "  " + mount_command(at) + "\n  " + smbclient_command(at) + "\n";
  return out;
}

/// What a person needs to connect.
std::string greeting(const ServeArguments& a, const std::string& directory, const std::string& name,
                     const Account& account, app::Node& node) {
  std::string out = "Holdfast serves " + directory + " as share \"" + name + "\"" +
                    (a.read_only ? ", read-only" : "") + ".\n\n";
  std::vector<ports::Endpoint> all;
  for (const app::ListenAt& listener : node.listening())
    for (const ports::Endpoint& at : reachable(listener.at)) all.push_back(at);
  std::string others;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ShareAddress at{all[i].address_string(), !all[i].is_v4(), all[i].port, name, account.user};
    if (i == 0)
      out += forms_of(at);
    else
      others += (others.empty() ? "" : ", ") + all[i].address_string();
  }
  if (!others.empty()) out += "  Also at " + others + "\n";
  out += "\n";
  if (!account.user.empty()) out += "  User      " + account.user + "\n";
  if (account.generated) out += "  Password  " + account.password + "\n";
  if (a.guest)
    out += account.user.empty() ? "  Anybody may connect as guest.\n"
                                : "  Anybody else may connect as guest.\n";
  if (!all.empty() && all[0].port != kSmbPort && a.port == 0)
    out += "\n  Port " + std::to_string(all[0].port) +
           ", because 445 needs root; Windows can only be told another one with\n"
           "  `net use * \\\\host\\share /TCPPORT:" +
           std::to_string(all[0].port) + "` (Windows 11 24H2).\n";
  return out + "\n  " + node.loops().kind_reason() + ", " + std::to_string(node.loops().size()) +
         (node.loops().size() == 1 ? " loop" : " loops") + ". Ctrl-C ends it.\n\n";
}

/// Events in the words of this command: settings that a message names are options here.
class OptionWords final : public EventSink {
 public:
  explicit OptionWords(EventSink& next) : next_(next) {}
  void emit(const Event& event) override {
    Event said = event;
    said.message = in_option_words(std::move(said.message));
    next_.emit(said);
  }

 private:
  EventSink& next_;
};

/// The live line, from the counters' differences.
class Live {
 public:
  std::string line(service::Server& server, double seconds) {
    service::Counters& c = server.counters();
    std::uint64_t read = c.bytes_read.load(), written = c.bytes_written.load();
    auto rate = [&](std::uint64_t now, std::uint64_t before) {
      return octets_text(static_cast<std::uint64_t>(static_cast<double>(now - before) / seconds)) +
             "/s";
    };
    std::uint64_t connections = c.connections.load();
    std::string text = std::to_string(connections) +
                       (connections == 1 ? " connection" : " connections") + ", " +
                       std::to_string(server.opens().size()) + " open, reading " +
                       rate(read, read_) + ", writing " + rate(written, written_) + ", total " +
                       octets_text(read) + " read, " + octets_text(written) + " written";
    read_ = read;
    written_ = written;
    return text;
  }

 private:
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
};

std::expected<std::vector<ports::Endpoint>, std::string> endpoints(const ServeArguments& a,
                                                                   std::uint16_t port) {
  std::vector<ports::Endpoint> out;
  for (const std::string& text : a.listen) {
    auto at = app::parse_address(text, port);
    if (!at)
      return std::unexpected("--listen " + text +
                             ": expected an IPv4 or IPv6 address, or * for all");
    out.push_back(*at);
  }
  if (out.empty()) out.push_back(*app::parse_address("*", port));
  return out;
}

std::string check_arguments(const ServeArguments& a, const std::string& share_name) {
  if (a.min_dialect > a.max_dialect) return "--min-dialect is newer than --max-dialect";
  if (a.encryption == core::Requirement::kRequired && a.max_dialect < wire::smb2::Dialect::kSmb300)
    return "--encrypt required needs --max-dialect 3.0 or newer";
  if (std::string error = app::share_name_error(share_name); !error.empty())
    return "--name " + share_name + ": " + error;
  return "";
}

std::expected<std::string, std::string> real_directory(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::unexpected(path + ": " + std::strerror(errno));
  if (!S_ISDIR(info.st_mode)) return std::unexpected(path + ": not a directory");
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

std::expected<std::unique_ptr<app::Node>, std::string> start_node(
    app::NodeOptions options, const std::vector<ports::Endpoint>& at, EventSink& events) {
  auto node = app::Node::start(std::move(options), events);
  if (!node) return std::unexpected(node.error());
  for (const ports::Endpoint& endpoint : at) {
    auto listening = (*node)->listen({endpoint, {}});
    if (!listening) return std::unexpected(listening.error());
    if (!listening->note.empty())
      events.emit(Event{Severity::kNotice, "listen.note", listening->note, {}});
  }
  return node;
}

std::expected<std::unique_ptr<app::admin::AdminServer>, std::string> open_admin(
    app::ControlLoop& control, const std::string& path, app::Node& node) {
  return app::admin::AdminServer::open(
      control, path, [&node, &control](const app::admin::Json& request) {
        const auto& command = request["command"].get_ref<const std::string&>();
        if (command == "status") return app::admin::result_reply(app::node_status(node));
        if (command == "stop") {
          control.stop();
          return app::admin::result_reply(app::admin::Json::object());
        }
        if (auto reply = app::answer_about_node(node, request)) return std::move(*reply);
        return app::admin::error_reply(
            "no-such-command", "`holdfast serve` does not know the command \"" + command + "\".");
      });
}

}  // namespace

std::string default_share_name(const std::string& directory) {
  std::string name;
  for (char c : std::filesystem::path(directory).filename().string())
    if (static_cast<unsigned char>(c) >= 0x20 &&
        std::string_view("\"\\/[]:|<>+=;,*?").find(c) == std::string_view::npos)
      name += c;
  return app::share_name_error(name).empty() ? name : "share";
}

std::string in_option_words(std::string message) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"security.encryption = \"desired\"", "--encrypt desired"},
      {"security.signing = \"desired\"", "--signing desired"},
      {"security.guest = true", "--guest"},
      {"guest = true on the share", "--guest"},
      {"protocol.min_dialect", "--min-dialect"},
      {"protocol.max_dialect", "--max-dialect"},
  };
  for (auto [setting, option] : kWords)
    if (std::size_t at = message.find(setting); at != std::string::npos)
      message.replace(at, setting.size(), option);
  return message;
}

int serve(const ServeArguments& a) {
  platform::SystemRandom random;
  auto directory = real_directory(a.directory);
  if (!directory) return failed(directory.error());
  std::string name = a.name.empty() ? default_share_name(*directory) : a.name;
  if (std::string error = check_arguments(a, name); !error.empty())
    return failed(error), kWrongUsage;
  auto account = choose_account(a, random);
  if (!account) return failed(account.error());
  auto port = static_cast<std::uint16_t>(a.port != 0        ? a.port
                                         : ::geteuid() == 0 ? kSmbPort
                                                            : kHighPort);
  auto at = endpoints(a, port);
  if (!at) return failed(at.error()), kWrongUsage;

  bool live = !a.quiet && ::isatty(STDOUT_FILENO) == 1;
  app::ConsoleSink console(STDOUT_FILENO, live, a.quiet ? Severity::kWarning : a.log_level);
  OptionWords events(console);
  app::ControlLoop control;
  // Before the loops' threads, which inherit what is blocked.
  control.on_signals({SIGINT, SIGTERM}, [&](int) { control.stop(); });
  auto node = start_node(node_options(a, *directory, name, *account, port, random), *at, events);
  if (!node) return failed(node.error());
  std::unique_ptr<app::admin::AdminServer> admin;
  if (!a.admin_socket.empty()) {
    auto opened = open_admin(control, a.admin_socket, **node);
    if (!opened) return failed(opened.error());
    admin = std::move(*opened);
  }
  if (!a.quiet || account->generated)
    app::write_all(STDOUT_FILENO, greeting(a, *directory, name, *account, **node));
  std::fill(account->password.begin(), account->password.end(), '\0');
  Live rates;
  if (live) control.every(1000, [&] { console.show_live(rates.line((*node)->server(), 1.0)); });
  control.run();
  if (admin != nullptr) admin->flush();
  admin.reset();
  if (live) console.show_live("");
  events.emit(Event{Severity::kInfo, "server.stopping", "Stopping.", {}});
  (*node)->stop();
  return kDone;
}

}  // namespace holdfast::cli
