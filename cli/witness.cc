// SPDX-License-Identifier: Apache-2.0
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

std::string member(const Json& object, const char* key) {
  return object.value(key, Json("")).is_string() ? object.value(key, Json("")).get<std::string>()
                                                 : "";
}

/// What a registration is waiting for, in a word.
std::string state_of(const Json& registration) {
  if (registration.value("untold", Json(false)) == Json(true)) return "not told yet";
  return registration.value("waiting", Json(false)) == Json(true) ? "listening" : "away";
}

}  // namespace

int witness_list_command(const Common& common) {
  int status = kDone;
  auto result = ask_server(common, {{"command", "witness-list"}}, status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  std::vector<std::vector<std::string>> rows;
  for (const Json& r : result->value("registrations", Json::array())) {
    const Json age = r.value("age_s", Json(0u));
    rows.push_back({member(r, "client"), member(r, "user"), member(r, "name"), member(r, "share"),
                    member(r, "address"), state_of(r),
                    duration_text(age.is_number_unsigned() ? age.get<std::uint64_t>() : 0)});
  }
  if (rows.empty()) return print("No clients have registered.\n"), kDone;
  print(table({"CLIENT", "USER", "NAME", "SHARE", "ADDRESS", "STATE", "FOR"}, rows));
  return kDone;
}

int witness_move_command(const Common& common, const WitnessMoveArguments& arguments) {
  if (arguments.client.empty() == !arguments.all)
    return say_failed("either --client NAME or --all", kWrongUsage);
  Json request = {{"command", "witness-move"}, {"to", arguments.to}};
  if (arguments.all)
    request["all"] = true;
  else
    request["client"] = arguments.client;
  if (!arguments.share.empty()) request["share"] = arguments.share;
  int status = kDone;
  auto result = ask_server(common, std::move(request), status);
  if (!result) return status;
  if (common.json) return print_json(*result), kDone;
  print("Told " + result->value("told", Json(0)).dump() + " registration(s).\n");
  return kDone;
}

}  // namespace holdfast::cli
