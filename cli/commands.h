// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"

namespace holdfast::cli {

/// Options that several commands share.
struct Common {
  /// Empty: the usual one, /run/holdfast/admin.sock.
  std::string socket;
  /// Empty: as the running server says, else /etc/holdfast/holdfast.toml.
  std::string config;
  bool json = false;
};

/// Each returns an exit status (exit_status.h).
int check_command(const std::string& file);
/// Which volumes have handles that outlive the server, and how they are.
int failover_status_command(const Common& common);
/// What happened at takeovers since this server started.
int failover_log_command(const Common& common);
int status_command(const Common& common);
int sessions_command(const Common& common);
int files_command(const Common& common, const std::string& share);
int reload_command(const Common& common);
int upgrade_command(const Common& common, const std::string& binary);
int stop_command(const Common& common);
int close_session_command(const Common& common, const std::string& session);

struct UserArguments {
  std::string name;
  std::string password_file;
  /// The Unix account; empty: the one of the same name, if there is one; "-": none.
  std::string unix_name;
  bool admin = false;
  /// Empty: as the running server or the configuration says.
  std::string users_file;
};
int user_add_command(const Common& common, const UserArguments& arguments);
int user_passwd_command(const Common& common, const UserArguments& arguments);
int user_remove_command(const Common& common, const UserArguments& arguments);
int user_list_command(const Common& common, const UserArguments& arguments);

int witness_list_command(const Common& common);
struct WitnessMoveArguments {
  std::string client;
  bool all = false;
  /// Empty: the client as a whole.
  std::string share;
  std::vector<std::string> to;
};
int witness_move_command(const Common& common, const WitnessMoveArguments& arguments);

int share_list_command(const Common& common);
int share_add_command(const Common& common, app::ShareConfig share);
int share_remove_command(const Common& common, const std::string& name);

}  // namespace holdfast::cli
