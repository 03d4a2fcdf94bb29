// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>

#include <filesystem>

#include "app/config/loader.h"
#include "app/daemon/state_dir.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/secrets.h"
#include "cli/text.h"
#include "platform/random/system_random.h"
#include "platform/users/user_store.h"

namespace holdfast::cli {
namespace {

/// The file of users, and whether a server has it in memory.
struct Target {
  std::string file;
  bool running = false;
};

std::optional<Target> find_target(const Common& common, const UserArguments& a, int& exit_status) {
  exit_status = kDone;
  if (!a.users_file.empty()) return Target{a.users_file, false};
  if (common.config.empty()) {
    auto status = status_if_running(common, exit_status);
    if (exit_status != kDone) return std::nullopt;
    if (status && status->contains("users_file") && (*status)["users_file"].is_string())
      return Target{(*status)["users_file"].get<std::string>(), true};
    if (status) {
      exit_status = say_failed("the server at " + socket_of(common) + " has no file of users");
      return std::nullopt;
    }
  }
  std::string config = common.config.empty() ? app::kDefaultConfigPath : common.config;
  app::LoadResult loaded = app::load_config(config);
  if (!loaded.ok()) {
    exit_status = say_failed(
        "no server is running that could name the file of users, and its configuration does not "
        "say it either:\n" +
        loaded.report());
    return std::nullopt;
  }
  return Target{loaded.config.users_file(), false};
}

std::expected<std::string, std::string> new_password(const UserArguments& a) {
  if (!a.password_file.empty()) return read_password_file(a.password_file);
  std::string password = take_password_from_environment();
  if (!password.empty()) return password;
  auto typed = prompt_password("New password for " + a.name + ": ", true);
  if (typed && typed->empty()) return std::unexpected("the password is empty; nothing was changed");
  return typed;
}

/// Tells a running server; what was changed in the file holds anyway.
int tell(const Common& common, const Target& target, const std::string& done) {
  int status = kDone;
  if (target.running && !ask_server(common, {{"command", "reload-users"}}, status))
    return say_failed(done + " in " + target.file +
                          ", but the running server did not take it; `holdfast reload` says why",
                      status);
  print(done + ".\n");
  return kDone;
}

std::string unix_account_for(const UserArguments& a) {
  if (a.unix_name == "-") return "";
  if (!a.unix_name.empty()) return a.unix_name;
  return ::getpwnam(a.name.c_str()) != nullptr ? a.name : "";
}

}  // namespace

int user_add_command(const Common& common, const UserArguments& a) {
  int status = kDone;
  auto target = find_target(common, a, status);
  if (!target) return status;
  std::string unix_name = unix_account_for(a);
  if (!a.unix_name.empty() && !unix_name.empty() && ::getpwnam(unix_name.c_str()) == nullptr)
    return say_failed("there is no Unix account \"" + unix_name + "\" on this machine");
  platform::UserStore store(target->file);
  if (store.exists()) {
    // Before the password is asked for.
    auto users = store.load();
    if (users && service::find_user(*users, a.name) != nullptr)
      return say_failed("there is a user \"" + a.name +
                        "\" already (`holdfast user passwd` sets a "
                        "new password)");
  }
  auto password = new_password(a);
  if (!password) return say_failed(password.error());
  platform::SystemRandom random;
  // The daemon makes it when it starts; users may be added before.
  std::filesystem::path folder = std::filesystem::path(target->file).parent_path();
  if (!folder.empty())
    if (auto made = app::prepare_state_dir(folder.string()); !made) return say_failed(made.error());
  auto added = store.add(random, {a.name, *password, unix_name, a.admin});
  if (!added) return say_failed(added.error());
  return tell(common, *target,
              "User " + a.name + " added" +
                  (unix_name.empty() ? ", without a Unix account (--unix names one)"
                                     : ", acts as Unix account " + unix_name));
}

int user_passwd_command(const Common& common, const UserArguments& a) {
  int status = kDone;
  auto target = find_target(common, a, status);
  if (!target) return status;
  platform::UserStore store(target->file);
  auto users = store.load();
  if (!users) return say_failed(users.error());
  if (service::find_user(*users, a.name) == nullptr)
    return say_failed("there is no user \"" + a.name + "\" in " + target->file);
  auto password = new_password(a);
  if (!password) return say_failed(password.error());
  platform::SystemRandom random;
  auto done = store.set_password(random, a.name, *password);
  if (!done) return say_failed(done.error());
  return tell(common, *target, "Password of " + a.name + " changed");
}

int user_remove_command(const Common& common, const UserArguments& a) {
  int status = kDone;
  auto target = find_target(common, a, status);
  if (!target) return status;
  platform::UserStore store(target->file);
  if (!store.exists()) return say_failed(target->file + ": there is no file of users");
  platform::SystemRandom random;
  auto done = store.remove(random, a.name);
  if (!done) return say_failed(done.error());
  return tell(common, *target, "User " + a.name + " removed");
}

int user_list_command(const Common& common, const UserArguments& a) {
  int status = kDone;
  auto target = find_target(common, a, status);
  if (!target) return status;
  platform::UserStore store(target->file);
  service::UserFile file;
  if (store.exists()) {
    auto loaded = store.load();
    if (!loaded) return say_failed(loaded.error());
    file = std::move(*loaded);
  }
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const service::UserRecord& user : file.users) {
    std::string sid = file.machine_sid.with(user.rid).to_string();
    Json entry;
    entry["name"] = user.name;
    entry["unix"] = user.unix_name;
    entry["admin"] = user.admin;
    entry["disabled"] = user.disabled;
    entry["sid"] = sid;
    list.push_back(std::move(entry));
    rows.push_back({user.name, user.unix_name.empty() ? "-" : user.unix_name,
                    std::string(user.disabled ? "disabled"
                                : user.admin  ? "administrator"
                                              : ""),
                    sid});
  }
  if (common.json) return print_json({{"users", std::move(list)}}), kDone;
  if (rows.empty()) return print("No users. `holdfast user add NAME` adds one.\n"), kDone;
  print(table({"USER", "UNIX ACCOUNT", "", "SID"}, rows));
  return kDone;
}

}  // namespace holdfast::cli
