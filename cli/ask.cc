// SPDX-License-Identifier: Apache-2.0
#include "cli/ask.h"

#include <unistd.h>

#include <cstdio>

#include "app/log/log_sink.h"
#include "cli/exit_status.h"

namespace holdfast::cli {

std::string socket_of(const Common& common) {
  return common.socket.empty() ? app::kDefaultAdminSocket : common.socket;
}

int say_failed(const std::string& text, int exit_status) {
  std::string line = "holdfast: " + text;
  if (!line.ends_with('\n')) line += '\n';
  app::write_all(STDERR_FILENO, line);
  return exit_status;
}

void print(const std::string& text) { app::write_all(STDOUT_FILENO, text); }

void print_json(const Json& json) {
  print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<Json> ask_server(const Common& common, Json request, int& exit_status) {
  auto reply = app::admin::ask(socket_of(common), std::move(request));
  if (reply) return std::move(*reply);
  exit_status = say_failed(reply.error().message,
                           reply.error().code == "unreachable" ? kUnreachable : kFailed);
  return std::nullopt;
}

std::optional<Json> status_if_running(const Common& common, int& exit_status) {
  exit_status = kDone;
  if (!common.socket.empty()) return ask_server(common, {{"command", "status"}}, exit_status);
  auto reply = app::admin::ask(socket_of(common), {{"command", "status"}});
  if (reply) return std::move(*reply);
  return std::nullopt;
}

}  // namespace holdfast::cli
