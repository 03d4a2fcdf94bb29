// SPDX-License-Identifier: Apache-2.0
#include "app/admin/protocol.h"

namespace holdfast::app::admin {

Json result_reply(Json result) {
  Json reply;
  reply["version"] = kVersion;
  reply["ok"] = true;
  reply["result"] = std::move(result);
  return reply;
}

Json error_reply(const std::string& code, const std::string& message) {
  Json reply;
  reply["version"] = kVersion;
  reply["ok"] = false;
  reply["error"] = {{"code", code}, {"message", message}};
  return reply;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Parsed parse_request(std::string_view line) {
  Parsed parsed;
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    parsed.error = error_reply("syntax", "A request is one JSON object on one line.");
    return parsed;
  }
  auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer() || *version != kVersion) {
    parsed.error = error_reply("version", "This server speaks version " + std::to_string(kVersion) +
                                              " of the admin protocol (\"version\": 1).");
    return parsed;
  }
  auto command = json.find("command");
  if (command == json.end() || !command->is_string()) {
    parsed.error = error_reply("syntax", "\"command\" is missing or no string.");
    return parsed;
  }
  parsed.request = std::move(json);
  return parsed;
}

}  // namespace holdfast::app::admin
