// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>
#include <map>

#include "app/config/document.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/serve.h"
#include "cli/state.h"

namespace holdfast::cli {
namespace {

const std::map<std::string, core::Requirement> kRequirements = {
    {"off", core::Requirement::kOff},
    {"desired", core::Requirement::kDesired},
    {"required", core::Requirement::kRequired}};
const std::map<std::string, std::uint16_t> kDialects = {{"2.0.2", wire::smb2::Dialect::kSmb202},
                                                        {"2.1", wire::smb2::Dialect::kSmb210},
                                                        {"3.0", wire::smb2::Dialect::kSmb300},
                                                        {"3.0.2", wire::smb2::Dialect::kSmb302},
                                                        {"3.1.1", wire::smb2::Dialect::kSmb311}};
const std::map<std::string, platform::LoopKind> kLoops = {{"auto", platform::LoopKind::kAuto},
                                                          {"uring", platform::LoopKind::kUring},
                                                          {"epoll", platform::LoopKind::kEpoll}};
const std::map<std::string, Severity> kLevels = {{"debug", Severity::kDebug},
                                                 {"info", Severity::kInfo},
                                                 {"notice", Severity::kNotice},
                                                 {"warning", Severity::kWarning},
                                                 {"error", Severity::kError}};
const std::map<std::string, app::IdentityMode> kIdentities = {
    {"auto", app::IdentityMode::kAuto},
    {"user", app::IdentityMode::kUser},
    {"service", app::IdentityMode::kService}};

/// An option with words for values.
template <class T>
void add_choice(CLI::App& command, const std::string& name, T& value,
                const std::map<std::string, T>& choices, const std::string& help,
                const std::string& fallback) {
  std::string words;
  for (const auto& [word, meaning] : choices) words += (words.empty() ? "" : "|") + word;
  command
      .add_option_function<std::string>(
          name, [&value, choices](const std::string& word) { value = choices.at(word); },
          help + " [" + fallback + "]")
      ->check(CLI::IsMember(choices).description(""))
      ->type_name(words);
}

/// The command line: each subcommand sets `run`.
class CommandLine {
 public:
  CommandLine();
  int run(int argc, char** argv);

 private:
  void add_serve();
  void add_server_commands();
  void add_user_commands();
  void add_share_commands();
  void add_witness_commands();
  void add_state_commands();
  void add_failover_commands();
  void add_documents();
  CLI::App* command(CLI::App& parent, const char* name, const char* help, std::function<int()> fn) {
    CLI::App* added = parent.add_subcommand(name, help);
    if (fn) added->callback([this, fn] { run_ = fn; });
    return added;
  }
  void add_json(CLI::App& command) {
    command.add_flag("--json", common_.json, "For programs: JSON");
  }

  CLI::App program_{"Holdfast: an SMB file server."};
  std::function<int()> run_;
  Common common_;
  ServeArguments serve_;
  UserArguments user_;
  app::ShareConfig share_;
  WitnessMoveArguments move_;
  std::string text_;
  bool flag_ = false;
};

CommandLine::CommandLine() {
  program_.name("holdfast");
  program_.require_subcommand(1);
  program_.set_version_flag("--version", "holdfast " HOLDFAST_VERSION);
  program_
      .add_option("--socket", common_.socket,
                  "The admin socket of the server [/run/holdfast/admin.sock]")
      ->type_name("PATH");
  add_serve();
  add_server_commands();
  add_user_commands();
  add_share_commands();
  add_witness_commands();
  add_state_commands();
  add_failover_commands();
  add_documents();
}

void CommandLine::add_serve() {
  CLI::App& c =
      *command(program_, "serve", "Serve a directory at once, without configuration", [this] {
        serve_.admin_socket = common_.socket;
        return serve(serve_);
      });
  c.add_option("DIR", serve_.directory, "The directory")->required()->type_name("");
  c.add_option("--listen", serve_.listen, "Address to listen on; may be given again [all]")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  c.add_option("--port", serve_.port, "TCP port [445 as root, else 4450]")
      ->check(CLI::Range(1u, 65535u).description(""))
      ->type_name("PORT");
  c.add_option("--name", serve_.name, "Name of the share [the directory's]")->type_name("SHARE");
  c.add_option("--user", serve_.user, "Who may log on [you]")->type_name("NAME");
  c.add_option("--password-file", serve_.password_file,
               "The password is its first line (-: standard input); else HOLDFAST_PASSWORD, else a "
               "prompt with --user, else one is made and shown")
      ->type_name("FILE");
  c.add_flag("--read-only", serve_.read_only, "Nobody may change anything");
  c.add_flag("--guest", serve_.guest, "Anybody may connect, without a password");
  add_choice(c, "--encrypt", serve_.encryption, kRequirements, "Encryption", "desired");
  add_choice(c, "--signing", serve_.signing, kRequirements, "Signing", "required");
  add_choice(c, "--min-dialect", serve_.min_dialect, kDialects, "Oldest dialect", "2.0.2");
  add_choice(c, "--max-dialect", serve_.max_dialect, kDialects, "Newest dialect", "3.1.1");
  add_choice(c, "--loop", serve_.loop, kLoops, "How to wait for the kernel", "auto");
  c.add_option("--threads", serve_.threads, "Loops [one per processor]")
      ->check(CLI::Range(0u, 1024u).description(""))
      ->type_name("N");
  add_choice(c, "--log-level", serve_.log_level, kLevels, "What is shown", "info");
  c.add_flag("--quiet", serve_.quiet, "Show warnings and errors only");
}

void CommandLine::add_server_commands() {
  command(program_, "check", "Name every mistake in a configuration file",
          [this] { return check_command(text_); })
      ->add_option("FILE", text_, "The file")
      ->required()
      ->type_name("");
  add_json(*command(program_, "status", "What the server does",
                    [this] { return status_command(common_); }));
  add_json(*command(program_, "sessions", "Who is connected",
                    [this] { return sessions_command(common_); }));
  CLI::App* files = command(program_, "files", "Who has which files open",
                            [this] { return files_command(common_, text_); });
  add_json(*files);
  files->add_option("--share", text_, "Of this share only")->type_name("NAME");
  add_json(*command(program_, "reload", "Apply the changed configuration; nobody is disconnected",
                    [this] { return reload_command(common_); }));
  CLI::App* upgrade =
      command(program_, "upgrade", "Replace the running daemon's program; nobody is disconnected",
              [this] { return upgrade_command(common_, text_); });
  add_json(*upgrade);
  upgrade->add_option("BINARY", text_, "The new program (without it: the installed one)")
      ->type_name("");
  command(program_, "close-session", "End a session",
          [this] { return close_session_command(common_, text_); })
      ->add_option("SESSION", text_, "As `holdfast sessions` shows it")
      ->required()
      ->type_name("");
  command(program_, "stop", "End the server", [this] { return stop_command(common_); });
  command(program_, "version", "The version", [] {
    print("holdfast " HOLDFAST_VERSION "\n");
    return kDone;
  });
}

void CommandLine::add_user_commands() {
  CLI::App& users = *command(program_, "user", "Users of the daemon", nullptr);
  users.require_subcommand(1);
  auto common = [this](CLI::App& c) {
    c.add_option("--config", common_.config, "The daemon's configuration file")->type_name("FILE");
    c.add_option("--users-file", user_.users_file, "The file of users itself")->type_name("FILE");
  };
  auto named = [&](const char* name, const char* help, std::function<int()> fn) {
    CLI::App* c = command(users, name, help, std::move(fn));
    c->add_option("NAME", user_.name, "The user")->required()->type_name("");
    common(*c);
    return c;
  };
  auto password = [this](CLI::App& c) {
    c.add_option("--password-file", user_.password_file,
                 "The password is its first line (-: standard input); else HOLDFAST_PASSWORD, else "
                 "a prompt")
        ->type_name("FILE");
  };
  CLI::App* add = named("add", "Add a user", [this] { return user_add_command(common_, user_); });
  password(*add);
  add->add_option("--unix", user_.unix_name,
                  "The Unix account to act as (-: none) [the one of the same name]")
      ->type_name("ACCOUNT");
  add->add_flag("--admin", user_.admin, "An administrator of the server");
  password(*named("passwd", "Set a user's password",
                  [this] { return user_passwd_command(common_, user_); }));
  named("remove", "Remove a user", [this] { return user_remove_command(common_, user_); });
  CLI::App* list = command(users, "list", "List the users",
                           [this] { return user_list_command(common_, user_); });
  common(*list);
  add_json(*list);
}

void CommandLine::add_share_commands() {
  CLI::App& shares = *command(program_, "share", "Shares of the daemon", nullptr);
  shares.require_subcommand(1);
  auto common = [this](CLI::App& c) {
    c.add_option("--config", common_.config, "The daemon's configuration file")->type_name("FILE");
  };
  CLI::App* list =
      command(shares, "list", "List the shares", [this] { return share_list_command(common_); });
  common(*list);
  add_json(*list);
  CLI::App* add = command(shares, "add", "Add a share to the configuration, and serve it",
                          [this] { return share_add_command(common_, share_); });
  common(*add);
  add->add_option("NAME", share_.name, "Its name")->required()->type_name("");
  add->add_option("DIR", share_.path, "The directory")->required()->type_name("");
  add->add_option("--comment", share_.comment, "Shown beside the name")->type_name("TEXT");
  add->add_flag("--read-only", share_.read_only, "Nobody may change anything");
  add->add_flag("--guest", share_.guest, "Guests may connect (with security.guest)");
  add->add_flag("--hidden", share_.hidden, "Not in the list of shares");
  add->add_option("--users", share_.users, "Who may connect [every user]")
      ->delimiter(',')
      ->type_name("NAME,...");
  add->add_option("--read-only-users", share_.read_only_users, "Who may only read")
      ->delimiter(',')
      ->type_name("NAME,...");
  add_choice(*add, "--encrypt", share_.encryption, kRequirements, "Encryption", "desired");
  add_choice(*add, "--identity", share_.identity, kIdentities, "As whom files are opened", "auto");
  CLI::App* remove = command(shares, "remove", "Remove a share; its files stay",
                             [this] { return share_remove_command(common_, share_.name); });
  common(*remove);
  remove->add_option("NAME", share_.name, "Its name")->required()->type_name("");
}

void CommandLine::add_witness_commands() {
  CLI::App& witness =
      *command(program_, "witness", "Clients that want to be told where to go", nullptr);
  witness.require_subcommand(1);
  add_json(*command(witness, "list", "List the clients that have registered",
                    [this] { return witness_list_command(common_); }));
  CLI::App* move = command(witness, "move", "Tell clients to connect to another address",
                           [this] { return witness_move_command(common_, move_); });
  add_json(*move);
  move->add_option("--client", move_.client, "As `holdfast witness list` shows it")
      ->type_name("NAME");
  move->add_flag("--all", move_.all, "All clients");
  move->add_option("--share", move_.share, "For this share only; of clients that registered for it")
      ->type_name("NAME");
  move->add_option("--to", move_.to, "Where to; may be given again")
      ->required()
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
}

void CommandLine::add_state_commands() {
  CLI::App& state = *command(program_, "state", "Read a state store", nullptr);
  state.require_subcommand(1);
  auto add = [&](const char* name, const char* help, int (*run)(const std::string&)) {
    command(state, name, help, [this, run] { return run(text_); })
        ->add_option("STORE", text_, "The store's folder, or one of its segments")
        ->required()
        ->type_name("");
  };
  add("show", "What it holds, as tables", state_show_command);
  add("check", "Whether anything is damaged", state_check_command);
  add("export", "What it holds, one JSON object a line", state_export_command);
}

void CommandLine::add_failover_commands() {
  CLI::App& failover = *command(program_, "failover", "Handles that outlive the server", nullptr);
  failover.require_subcommand(1);
  add_json(*command(failover, "status", "The volumes, and how they are",
                    [this] { return failover_status_command(common_); }));
  add_json(*command(failover, "log", "What happened when this server took over",
                    [this] { return failover_log_command(common_); }));
}

void CommandLine::add_documents() {
  CLI::App* c =
      command(program_, "describe-configuration",
              "Print docs/configuration.md, or an example of a file", [this] {
                print(flag_ ? app::configuration_example() : app::configuration_document());
                return kDone;
              });
  c->group("");
  c->add_flag("--example", flag_, "The example file");
}

int CommandLine::run(int argc, char** argv) {
  try {
    program_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program_.exit(error) == 0 ? kDone : kWrongUsage;
  }
  return run_();
}

}  // namespace
}  // namespace holdfast::cli

int main(int argc, char** argv) {
  // Writing to a pipe that nobody reads any more is an error like others.
  std::signal(SIGPIPE, SIG_IGN);
  return holdfast::cli::CommandLine().run(argc, argv);
}
