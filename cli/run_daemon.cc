// SPDX-License-Identifier: Apache-2.0
#include "cli/run_daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/daemon/daemon.h"
#include "app/upgrade/check_binary.h"
#include "cli/exit_status.h"

namespace holdfast::cli {

namespace {

/// For the program that is asked to make way for this one (app/upgrade).
int answer_check(const std::string& config) {
  app::LoadResult loaded = app::load_config(config);
  app::write_all(STDOUT_FILENO, loaded.ok() ? app::upgrade_line() : loaded.report());
  return loaded.ok() ? kDone : kFailed;
}

}  // namespace

int run_daemon(int argc, char** argv, service::Interposer* interposer) {
  CLI::App program{"Holdfast's daemon: an SMB file server that follows a configuration file."};
  program.name("holdfastd");
  std::string config = app::kDefaultConfigPath;
  program.add_option("--config", config, "The configuration file (TOML)")->capture_default_str();
  bool check_upgrade = false;
  program
      .add_flag("--check-upgrade", check_upgrade,
                "Say whether this program can go on with the clients of another one")
      ->group("");
  int handover_fd = -1;
  program.add_option("--handover-fd", handover_fd)->group("");
  program.set_version_flag("--version", "holdfastd " HOLDFAST_VERSION);
  program.footer(
      "`holdfast check FILE` names the mistakes in a configuration. SIGHUP reloads it, "
      "SIGTERM ends the server.");
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kWrongUsage;
  }
  if (check_upgrade) return answer_check(config);
  ::umask(022);
  app::LogSink log(STDERR_FILENO);
  app::Daemon daemon(config, log, &log);
  daemon.set_interposer(interposer);
  daemon.set_arguments({"--config", config});
  if (handover_fd >= 0) daemon.arrive(handover_fd);
  if (auto started = daemon.start(); !started) {
    std::string text = started.error();
    if (!text.ends_with('\n')) text += '\n';
    app::write_all(STDERR_FILENO, text);
    return kFailed;
  }
  daemon.run();
  return kDone;
}

}  // namespace holdfast::cli
