// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <time.h>

#include "app/config/loader.h"
#include "cli/ask.h"
#include "cli/exit_status.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

std::string text_of(const Json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  if (found->is_array()) {
    std::string list;
    for (const Json& item : *found)
      if (item.is_string()) list += (list.empty() ? "" : ", ") + item.get<std::string>();
    return list;
  }
  return found->dump();
}

std::uint64_t number_of(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// How long ago "2026-11-22T20:03:22Z" was.
std::string ago(const std::string& iso) {
  tm parts{};
  if (::strptime(iso.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) return "";
  std::time_t then = ::timegm(&parts), now = ::time(nullptr);
  return duration_text(now > then ? static_cast<std::uint64_t>(now - then) : 0);
}

const Json& list_of(const Json& result, const char* key) {
  static const Json kNone = Json::array();
  auto found = result.find(key);
  return found != result.end() && found->is_array() ? *found : kNone;
}

std::string more_text(const Json& result, const char* key) {
  std::size_t shown = list_of(result, key).size();
  std::uint64_t total = number_of(result, "total");
  return total > shown ? "... and " + std::to_string(total - shown) + " more\n" : "";
}

std::string protection_of(const Json& session) {
  if (session.value("encrypted", Json(false)) == Json(true)) return text_of(session, "cipher");
  std::string signing = text_of(session, "signing");
  return signing.empty() ? "none" : "signed, " + signing;
}

}  // namespace

int check_command(const std::string& file) {
  app::LoadResult loaded = app::load_config(file);
  print(loaded.report());
  if (!loaded.ok()) return kFailed;
  print(file + ": right, " + std::to_string(loaded.config.shares.size()) + " share(s)\n");
  return kDone;
}

int failover_status_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "failover"}}, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  std::vector<std::vector<std::string>> rows;
  for (const Json& v : list_of(*result, "volumes"))
    rows.push_back({text_of(v, "state_path"), text_of(v, "state"), text_of(v, "epoch"),
                    text_of(v, "opens"), text_of(v, "disconnected"), text_of(v, "problem")});
  print(table({"STATE IN", "IS", "EPOCH", "HANDLES", "WAITING", "PROBLEM"}, rows));
  return kDone;
}

int failover_log_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "failover-log"}}, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  for (const Json& event : list_of(*result, "events"))
    print(text_of(event, "time") + "  " + text_of(event, "text") + "\n");
  return kDone;
}

int status_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "status"}}, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  const Json& r = *result;
  std::vector<std::vector<std::string>> rows = {
      {"Server",
       text_of(r, "name") + " (" + text_of(r, "server") + ", process " + text_of(r, "pid") + ")"},
      {"Up for", ago(text_of(r, "started"))},
      {"Listening on", text_of(r, "listening")},
      {"Witness", r.contains("witness") ? text_of(r, "witness") : "off"},
      {"Loops", text_of(r, "threads") + ", " + text_of(r, "loop")},
      {"Shares", text_of(r, "shares")},
      {"Connections",
       text_of(r, "connections") + " now, " + text_of(r, "connections_total") + " since the start"},
      {"Sessions", text_of(r, "sessions")},
      {"Open files", text_of(r, "files_open")},
      {"Requests", text_of(r, "requests")},
      {"Read", octets_text(number_of(r, "bytes_read"))},
      {"Written", octets_text(number_of(r, "bytes_written"))},
      {"Log-ons refused", text_of(r, "logons_refused")},
  };
  if (r.contains("config")) rows.push_back({"Configuration", text_of(r, "config")});
  std::string text = table({"", ""}, rows);
  print(text.substr(text.find('\n') + 1));
  return kDone;
}

int sessions_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "sessions"}}, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  std::vector<std::vector<std::string>> rows;
  for (const Json& s : list_of(*result, "sessions")) {
    std::string user = text_of(s, "user").empty() ? "(anonymous)" : text_of(s, "user");
    if (s.value("guest", Json(false)) == Json(true)) user += " (guest)";
    rows.push_back({text_of(s, "session"), user, text_of(s, "address"), text_of(s, "dialect"),
                    protection_of(s), ago(text_of(s, "since")), text_of(s, "shares")});
  }
  if (rows.empty()) return print("No sessions.\n"), kDone;
  print(table({"SESSION", "USER", "FROM", "DIALECT", "PROTECTION", "FOR", "SHARES"}, rows) +
        more_text(*result, "sessions"));
  return kDone;
}

int files_command(const Common& common, const std::string& share) {
  int status = kDone;
  Json request = {{"command", "files"}};
  if (!share.empty()) request["share"] = share;
  auto result = ask_server(common, request, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  std::vector<std::vector<std::string>> rows;
  for (const Json& f : list_of(*result, "files")) {
    std::string path = "/" + text_of(f, "path");
    if (f.value("directory", Json(false)) == Json(true) && path.back() != '/') path += "/";
    rows.push_back({text_of(f, "user"), text_of(f, "session"), text_of(f, "access"),
                    text_of(f, "sharing"), text_of(f, "locks"), text_of(f, "caching"),
                    ago(text_of(f, "since")), text_of(f, "share"), path});
  }
  if (rows.empty()) return print("No open files.\n"), kDone;
  print(table({"USER", "SESSION", "ACCESS", "SHARING", "LOCKS", "CACHES", "FOR", "SHARE", "PATH"},
              rows) +
        more_text(*result, "files"));
  return kDone;
}

int reload_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "reload"}}, status);
  if (!result) return status;
  if (common.json)
    print_json(*result);
  else
    print(text_of(*result, "text") + "\n");
  return result->value("complete", Json(true)) == Json(false) ? kFailed : kDone;
}

int upgrade_command(const Common& common, const std::string& binary) {
  int status = kDone;
  Json request = {{"command", "upgrade"}};
  if (!binary.empty()) request["binary"] = binary;
  auto result = ask_server(common, std::move(request), status);
  if (!result) return status;
  if (common.json)
    print_json(*result);
  else
    print(text_of(*result, "text") + "\n");
  return kDone;
}

int stop_command(const Common& common) {
  int status = kDone;
  ask_server(common, {{"command", "stop"}}, status);
  return status;
}

int close_session_command(const Common& common, const std::string& session) {
  int status = kDone;
  ask_server(common, {{"command", "close-session"}, {"session", session}}, status);
  return status;
}

}  // namespace holdfast::cli
