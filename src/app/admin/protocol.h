// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

/// The admin protocol: over a unix stream socket, one JSON object a line, each request answered by
/// one line in order.
///
///     {"version": 1, "command": "files", "limit": 100}
///     {"version": 1, "ok": true, "result": {...}}
///     {"version": 1, "ok": false, "error": {"code": "no-such-session", "message": "..."}}
///
/// Within a version, members are added and never change their meaning; who reads skips what it does
/// not know. A request of another version gets the error "version".
namespace holdfast::app::admin {

using Json = nlohmann::ordered_json;

inline constexpr int kVersion = 1;
inline constexpr std::size_t kMaxRequestOctets = 64u << 10;
inline constexpr std::size_t kMaxReplyOctets = 64u << 20;
inline constexpr std::size_t kMaxClients = 32;

Json result_reply(Json result);
/// code: for programs; message: a sentence for people.
Json error_reply(const std::string& code, const std::string& message);

/// One line, with its end. Octets that are not UTF-8 (file names) become U+FFFD.
std::string to_line(const Json& json);

/// A request's line as JSON, or the error to answer with.
struct Parsed {
  Json request;
  Json error;
};
Parsed parse_request(std::string_view line);

}  // namespace holdfast::app::admin
