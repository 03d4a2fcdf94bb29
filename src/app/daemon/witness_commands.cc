// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/witness_commands.h"

#include <algorithm>

#include "app/config/address.h"

namespace holdfast::app {
namespace {

using admin::Json;

constexpr std::size_t kMaxAddresses = 64;

bool serves_witness(Node& node) {
  return std::ranges::any_of(node.listening(),
                             [](const ListenAt& l) { return l.serves == Serves::kWitness; });
}

Json not_enabled() {
  return admin::error_reply(
      "no-witness", "This server has no witness service: witness.enabled = true starts it.");
}

Json witness_list(Node& node) {
  Json list = Json::array();
  service::Witness& witness = node.witness();
  const std::uint64_t now = witness.now_us();
  for (const core::WitnessListing& w : witness.list()) {
    Json entry;
    entry["client"] = w.client;
    entry["user"] = w.user;
    entry["name"] = w.net_name;
    entry["share"] = w.share_name;
    entry["address"] = w.ip_address;
    entry["version"] = w.version >> 16;
    entry["waiting"] = w.waits;
    entry["untold"] = w.has_news;
    entry["age_s"] = (now - std::min(now, w.since_us)) / 1'000'000;
    list.push_back(std::move(entry));
  }
  return admin::result_reply({{"total", list.size()}, {"registrations", std::move(list)}});
}

/// The text of a member; nullopt when it is not there or none.
std::optional<std::string> text(const Json& request, const char* key) {
  auto found = request.find(key);
  if (found == request.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

Json witness_move(Node& node, const Json& request) {
  const std::optional<std::string> client = text(request, "client"), share = text(request, "share");
  const bool all = request.value("all", Json(false)) == Json(true);
  if (client.has_value() == all)
    return admin::error_reply("syntax",
                              "Either \"client\" is a client's name, or \"all\" is true.");
  auto to = request.find("to");
  if (to == request.end() || !to->is_array() || to->empty() || to->size() > kMaxAddresses)
    return admin::error_reply("syntax", "\"to\" is a list of 1 to 64 addresses.");
  std::vector<ports::Endpoint> addresses;
  for (const Json& item : *to) {
    auto at = item.is_string() ? parse_address(item.get<std::string>(), 0) : std::nullopt;
    const bool nowhere = !at || at->address_string() == "::" || at->address_string() == "0.0.0.0";
    if (nowhere)
      return admin::error_reply("syntax", "\"to\": " + item.dump() + " is no address of a server.");
    addresses.push_back(*at);
  }
  const std::size_t told = node.witness().move(client, share, addresses);
  if (told == 0 && (client || share))
    return admin::error_reply("no-such-client",
                              (client ? "Client " + *client : std::string("No client")) +
                                  (client ? " has not registered" : " has registered") +
                                  (share ? " for share \"" + *share + "\"." : "."));
  return admin::result_reply({{"told", told}, {"untold", node.witness().untold()}});
}

}  // namespace

std::optional<admin::Json> answer_about_witness(Node& node, const admin::Json& request) {
  const auto& command = request["command"].get_ref<const std::string&>();
  if (command != "witness-list" && command != "witness-move") return std::nullopt;
  if (!serves_witness(node)) return not_enabled();
  return command == "witness-list" ? witness_list(node) : witness_move(node, request);
}

}  // namespace holdfast::app
