// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config/loader.h"
#include "app/config/share_edit.h"
#include "app/daemon/state_dir.h"
#include "base/utf16.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/text.h"
#include "platform/loop/unique_fd.h"

namespace holdfast::cli {
namespace {

/// The configuration file, and whether a server runs on it.
struct Target {
  std::string file;
  bool running = false;
};

std::optional<Target> find_target(const Common& common, int& exit_status) {
  exit_status = kDone;
  if (!common.config.empty()) {
    // A server that runs on that very file is told.
    Common usual = common;
    auto status = status_if_running(usual, exit_status);
    std::error_code ignored;
    bool same =
        status && status->contains("config") && (*status)["config"].is_string() &&
        std::filesystem::equivalent((*status)["config"].get<std::string>(), common.config, ignored);
    return Target{common.config, same};
  }
  auto status = status_if_running(common, exit_status);
  if (exit_status != kDone) return std::nullopt;
  if (status && status->contains("config") && (*status)["config"].is_string())
    return Target{(*status)["config"].get<std::string>(), true};
  if (status) {
    exit_status = say_failed("the server at " + socket_of(common) + " has no configuration file");
    return std::nullopt;
  }
  return Target{app::kDefaultConfigPath, false};
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Writes the changed file if it is right, and lets a running server take it.
int put(const Common& common, const Target& target, const std::string& before,
        const std::string& after, const std::string& done) {
  app::LoadResult checked = app::parse_config(after, target.file);
  if (!checked.ok()) return say_failed("nothing was changed:\n" + checked.report());
  if (read_text(target.file) != before)
    return say_failed(target.file + " was changed by somebody else meanwhile; try again");
  if (auto written = app::replace_file(target.file, after, 0644); !written)
    return say_failed(written.error());
  if (!target.running) {
    print(done + " in " + target.file + ". No server runs on it now.\n");
    return kDone;
  }
  int status = kDone;
  auto reply = ask_server(common, {{"command", "reload"}}, status);
  if (!reply)
    return say_failed(done + " in " + target.file + ", but the running server did not take it",
                      status);
  if (reply->value("complete", Json(true)) == Json(false))
    return say_failed(done + ", but not all is well: " + reply->value("text", ""));
  print(done + ".\n");
  return kDone;
}

}  // namespace

int share_list_command(const Common& common) {
  int status = kDone;
  auto target = find_target(common, status);
  if (!target) return status;
  app::LoadResult loaded = app::load_config(target->file);
  if (!loaded.ok()) return say_failed("mistakes in the configuration:\n" + loaded.report());
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const app::ShareConfig& s : loaded.config.shares) {
    Json entry;
    entry["name"] = s.name;
    entry["path"] = s.path;
    entry["comment"] = s.comment;
    entry["read_only"] = s.read_only;
    entry["guest"] = s.guest;
    entry["hidden"] = s.hidden;
    entry["users"] = s.users;
    list.push_back(std::move(entry));
    std::string users;
    for (const std::string& user : s.users) users += (users.empty() ? "" : ", ") + user;
    std::string flags;
    for (auto [set, word] : {std::pair{s.read_only, "read-only"},
                             {s.guest, "guest"},
                             {s.hidden, "hidden"},
                             {s.encryption == core::Requirement::kRequired, "encrypted"}})
      if (set) flags += (flags.empty() ? "" : ", ") + std::string(word);
    rows.push_back({s.name, s.path, users.empty() ? "(every user)" : users, flags, s.comment});
  }
  if (common.json) return print_json({{"shares", std::move(list)}}), kDone;
  if (rows.empty()) return print("No shares. `holdfast share add NAME DIR` adds one.\n"), kDone;
  print(table({"SHARE", "PATH", "USERS", "", "COMMENT"}, rows));
  return kDone;
}

int share_add_command(const Common& common, app::ShareConfig share) {
  int status = kDone;
  auto target = find_target(common, status);
  if (!target) return status;
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(share.path, error).lexically_normal();
  if (!error) share.path = absolute.string();
  while (share.path.size() > 1 && share.path.back() == '/') share.path.pop_back();
  if (!std::filesystem::is_directory(share.path, error))
    return say_failed(share.path + ": not a directory");
  std::string before = read_text(target->file);
  return put(common, *target, before, app::with_share(before, share),
             "Share " + share.name + " added");
}

int share_remove_command(const Common& common, const std::string& name) {
  int status = kDone;
  auto target = find_target(common, status);
  if (!target) return status;
  std::string before = read_text(target->file);
  auto after = app::without_share(before, name);
  if (!after) return say_failed(target->file + ": " + after.error());
  return put(common, *target, before, *after, "Share " + name + " removed");
}

}  // namespace holdfast::cli
