// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/admin_commands.h"

#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "base/utf16.h"
#include "wire/smb2/types.h"

namespace holdfast::app {
namespace {

using admin::Json;

constexpr std::size_t kDefaultLimit = 10'000;

std::string hex_id(std::uint64_t id) {
  char text[20];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(id));
  return text;
}

std::size_t limit_of(const Json& request) {
  auto limit = request.find("limit");
  if (limit == request.end() || !limit->is_number_unsigned()) return kDefaultLimit;
  return limit->get<std::size_t>();
}

Json sessions(Node& node, const Json& request) {
  std::vector<service::SessionListing> all = node.server().list_sessions();
  Json list = Json::array();
  for (const service::SessionListing& s : all) {
    if (list.size() >= limit_of(request)) break;
    Json entry;
    entry["session"] = hex_id(s.id);
    entry["user"] = s.user;
    entry["guest"] = s.guest;
    entry["address"] = s.address;
    entry["dialect"] = dialect_name(s.dialect);
    entry["signing"] = s.signing;
    entry["cipher"] = s.cipher;
    entry["encrypted"] = s.encrypted;
    entry["shares"] = s.shares;
    entry["since"] = iso_time(s.created);
    list.push_back(std::move(entry));
  }
  Json result;
  result["total"] = all.size();
  result["sessions"] = std::move(list);
  return admin::result_reply(std::move(result));
}

std::string access_text(const core::OpenListing& open) {
  using namespace wire::smb2;
  std::string text;
  if ((open.access & FileAccess::kReadData) != 0) text += "r";
  if ((open.access & FileAccess::kWriteData) != 0) text += "w";
  if ((open.access & FileAccess::kDelete) != 0) text += "d";
  return text.empty() ? "-" : text;
}

/// What others may do meanwhile.
std::string sharing_text(const core::OpenListing& open) {
  std::string text;
  for (auto [bit, letter] : {std::pair{1u, 'r'}, {2u, 'w'}, {4u, 'd'}})
    if ((open.share_access & bit) != 0) text += letter;
  return text.empty() ? "-" : text;
}

/// What the client may keep to itself.
std::string caching_name(const core::CachingGrant& caching) {
  namespace State = wire::smb2::LeaseState;
  using wire::smb2::OplockLevel;
  std::string text;
  switch (caching.level) {
    case OplockLevel::kNone: return "-";
    case OplockLevel::kII: text = "level2"; break;
    case OplockLevel::kExclusive: text = "exclusive"; break;
    case OplockLevel::kBatch: text = "batch"; break;
    case OplockLevel::kLease: text = "lease "; break;
  }
  if (caching.level == OplockLevel::kLease) {
    if (caching.lease.state == 0) return "-";
    for (auto [bit, letter] : {std::pair{State::kReadCaching, 'r'},
                               {State::kWriteCaching, 'w'},
                               {State::kHandleCaching, 'h'}})
      if ((caching.lease.state & bit) != 0) text += letter;
  }
  return caching.breaking ? text + "!" : text;
}

Json files(Node& node, const Json& request) {
  std::string share = request.value("share", Json("")).is_string()
                          ? request.value("share", Json("")).get<std::string>()
                          : "";
  Json list = Json::array();
  std::size_t total = 0;
  for (const core::OpenListing& open : node.server().opens().list()) {
    if (!share.empty() && !same_name(share, open.share)) continue;
    if (++total > limit_of(request)) continue;
    Json entry;
    entry["file"] = hex_id(open.id);
    entry["session"] = hex_id(open.session);
    entry["user"] = open.user;
    entry["share"] = open.share;
    entry["path"] = open.path;
    entry["directory"] = open.is_directory;
    entry["access"] = access_text(open);
    entry["sharing"] = sharing_text(open);
    entry["locks"] = open.locks;
    entry["caching"] = caching_name(open.caching);
    entry["since"] = iso_time(open.created);
    list.push_back(std::move(entry));
  }
  Json result;
  result["total"] = total;
  result["files"] = std::move(list);
  return admin::result_reply(std::move(result));
}

Json shares(Node& node) {
  Json list = Json::array();
  for (const auto& share : node.server().settings()->shares) {
    if (share->type != core::ShareType::kDisk) continue;
    Json entry;
    entry["name"] = share->name;
    entry["path"] = share->location;
    entry["comment"] = share->comment;
    entry["read_only"] = share->read_only;
    entry["guest"] = share->guest_ok;
    entry["hidden"] = share->hidden;
    entry["identity"] = share->act_as_user ? "user" : "service";
    entry["encryption"] = share->encryption == core::Requirement::kRequired  ? "required"
                          : share->encryption == core::Requirement::kDesired ? "desired"
                                                                             : "off";
    entry["users"] = share->allowed_users;
    list.push_back(std::move(entry));
  }
  return admin::result_reply({{"shares", std::move(list)}});
}

Json close_session(Node& node, const Json& request) {
  auto wanted = request.find("session");
  if (wanted == request.end() || !wanted->is_string())
    return admin::error_reply("syntax", "\"session\" is missing: a number of `holdfast sessions`.");
  const auto& text = wanted->get_ref<const std::string&>();
  std::uint64_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size() || !node.server().close_session(id))
    return admin::error_reply("no-such-session", "There is no session " + text + ".");
  node.server().event(Severity::kNotice, "session.closed",
                      "Session " + text + " was ended by the administrator.", {{"session", text}});
  return admin::result_reply({{"session", text}});
}

const char* state_name(service::ServedVolume::State state) {
  using State = service::ServedVolume::State;
  switch (state) {
    case State::kTaking: return "taking";
    case State::kRestoring: return "restoring";
    case State::kUp: return "up";
    case State::kFailed: return "failed";
    case State::kStopped: return "stopped";
  }
  return "?";
}

Json failover(Node& node) {
  Json list = Json::array();
  for (const auto& volume : node.server().failover().volumes()) {
    Json entry;
    entry["state_path"] = volume->name();
    entry["state"] = state_name(volume->state());
    entry["epoch"] = volume->epoch();
    entry["problem"] = volume->problem();
    std::size_t opens = 0, kept = 0;
    for (core::OpenId id : node.server().opens().of_volume(*volume)) {
      opens += node.server().opens().outlives_server(id);
      kept += node.server().opens().is_disconnected(id);
    }
    entry["opens"] = opens;
    entry["disconnected"] = kept;
    list.push_back(std::move(entry));
  }
  return admin::result_reply({{"volumes", std::move(list)}});
}

std::string iso_time_ms(std::int64_t us) {
  std::time_t seconds = us / 1'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64], with_ms[80];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(with_ms, sizeof with_ms, "%s.%03dZ", text,
                static_cast<int>(us % 1'000'000 / 1'000));
  return with_ms;
}

}  // namespace

admin::Json failover_log(const RecentEvents& events) {
  Json list = Json::array();
  for (const RecentEvents::Kept& event : events.kept())
    list.push_back(
        {{"time", iso_time_ms(event.at_us)}, {"event", event.name}, {"text", event.message}});
  return {{"events", std::move(list)}};
}

std::string dialect_name(std::uint16_t dialect) {
  using namespace wire::smb2;
  switch (dialect) {
    case Dialect::kSmb202: return "SMB 2.0.2";
    case Dialect::kSmb210: return "SMB 2.1";
    case Dialect::kSmb300: return "SMB 3.0";
    case Dialect::kSmb302: return "SMB 3.0.2";
    case Dialect::kSmb311: return "SMB 3.1.1";
    default: return "unknown";
  }
}

std::string iso_time(NtTime time) {
  if (time.ticks == 0) return "";
  std::time_t seconds = time.unix_seconds();
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

admin::Json node_status(Node& node) {
  service::Server& server = node.server();
  service::Counters& counters = server.counters();
  auto settings = server.settings();
  Json status;
  status["server"] = "holdfast " HOLDFAST_VERSION;
  status["pid"] = ::getpid();
  status["name"] = settings->server_name;
  status["started"] = iso_time(server.started());
  status["loop"] = node.loops().kind_reason();
  status["threads"] = node.loops().size();
  Json listeners = Json::array();
  Json witness = Json::array();
  for (const ListenAt& l : node.listening())
    (l.serves == Serves::kSmb ? listeners : witness).push_back(l.at.to_string());
  status["listening"] = std::move(listeners);
  if (!witness.empty()) status["witness"] = std::move(witness);
  std::size_t shares = 0;
  for (const auto& share : settings->shares) shares += share->type == core::ShareType::kDisk;
  status["shares"] = shares;
  status["connections"] = counters.connections.load();
  status["connections_total"] = counters.connections_total.load();
  status["sessions"] = server.list_sessions().size();
  status["files_open"] = server.opens().size();
  status["requests"] = counters.requests.load();
  status["bytes_read"] = counters.bytes_read.load();
  status["bytes_written"] = counters.bytes_written.load();
  status["files_opened"] = counters.files_opened.load();
  status["logons_refused"] = counters.logons_refused.load();
  return status;
}

std::optional<admin::Json> answer_about_node(Node& node, const admin::Json& request) {
  const auto& command = request["command"].get_ref<const std::string&>();
  if (command == "sessions") return sessions(node, request);
  if (command == "files") return files(node, request);
  if (command == "shares") return shares(node);
  if (command == "failover") return failover(node);
  if (command == "close-session") return close_session(node, request);
  return std::nullopt;
}

}  // namespace holdfast::app
