// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/enumeration.h"
#include "wire/rpc/wkst.h"

namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace wkst = wire::rpc::wkst;

constexpr std::uint32_t kPlatformNt = 500;
constexpr std::string_view kWorkgroup = "WORKGROUP";

/// Levels with an arm in WKSTA_INFO (MS-WKST 2.2.4.1).
bool has_info_arm(std::uint32_t level) {
  return one_of(level, {100, 101, 102, 502, 1013, 1018, 1046});
}

/// MS-WKST 3.2.4.1: 100 for everybody, 101 for who logged on, 102 for administrators.
std::uint32_t get_info(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t level = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kSuccess;
  if (!one_of(level, {100, 101, 102}))
    status = net_status::kInvalidLevel;
  else if (level >= 101 && c.client.identity.is_anonymous)
    status = net_status::kAccessDenied;
  else if (level == 102 && !c.administrator())
    status = net_status::kAccessDenied;
  if (status != net_status::kSuccess) {
    rpc::write_info_failure(c.out, level, has_info_arm(level), status);
    return 0;
  }
  wkst::WkstaInfo102 info;
  wkst::WkstaInfo100& base = info.base.base;
  base.platform_id = kPlatformNt;
  base.computer_name = c.server.settings()->server_name;
  base.langroup = kWorkgroup;
  base.version_major = 10;
  info.base.lanroot = "";
  if (level == 102) info.logged_on_users = static_cast<std::uint32_t>(c.server.sessions().size());
  if (level == 100)
    rpc::write_info_response(c.out, level, base);
  else if (level == 101)
    rpc::write_info_response(c.out, level, info.base);
  else
    rpc::write_info_response(c.out, level, info);
  return 0;
}

/// MS-WKST 3.2.4.3: who is logged on at the machine itself; nobody is, as far as this server knows.
std::uint32_t user_enum(Call& c) {
  auto has_arm = [](std::uint32_t level) { return level <= 1; };
  (void)c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, has_arm);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!has_arm(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (!c.administrator()) return refuse_enumeration(c, q, net_status::kAccessDenied);
  const std::vector<wkst::WkstaUserInfo0> nobody;
  auto same = [](const wkst::WkstaUserInfo0& user) { return user; };
  return answer_enumeration<wkst::WkstaUserInfo0>(c, q, nobody, same);
}

/// MS-WKST 3.2.4.4.
std::uint32_t transport_enum(Call& c) {
  auto has_arm = [](std::uint32_t level) { return level == 0; };
  (void)c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, has_arm);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!has_arm(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (c.client.identity.is_anonymous) return refuse_enumeration(c, q, net_status::kAccessDenied);
  const std::vector<wkst::WkstaTransportInfo0> one{{0, 0, "\\Device\\Tcp", "", 1}};
  auto same = [](const wkst::WkstaTransportInfo0& transport) { return transport; };
  return answer_enumeration<wkst::WkstaTransportInfo0>(c, q, one, same);
}

Operation wkssvc_operation(std::uint16_t opnum) {
  switch (opnum) {
    case wkst::opnum::kWkstaGetInfo: return get_info;
    case wkst::opnum::kWkstaUserEnum: return user_enum;
    case wkst::opnum::kWkstaTransportEnum: return transport_enum;
    default: return nullptr;
  }
}

}  // namespace

const Interface kWkssvc{wkst::kInterface, wkssvc_operation};

}  // namespace holdfast::service::pipes
