// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
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

/// MS-WKST 3.2.4.1: 100 for everybody, 101 for who logged on, 102 and 502 for administrators. No
/// client runs here whose settings 502 could tell: they are all zero.
std::uint32_t get_info(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t level = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kSuccess;
  if (!one_of(level, {100, 101, 102, 502}))
    status = net_status::kInvalidLevel;
  else if (level >= 101 && c.client.identity.is_anonymous)
    status = net_status::kAccessDenied;
  else if (level >= 102 && !c.administrator())
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
  else if (level == 102)
    rpc::write_info_response(c.out, level, info);
  else
    rpc::write_info_response(c.out, level, wkst::WkstaInfo502{});
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

/// MS-WKST 3.2.4.10: this machine connects to nobody.
std::uint32_t use_enum(Call& c) {
  auto has_arm = [](std::uint32_t level) { return level <= 2; };
  (void)c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, has_arm);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!has_arm(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  const std::vector<wkst::UseInfo0> none;
  auto same = [](const wkst::UseInfo0& use) { return use; };
  return answer_enumeration<wkst::UseInfo0>(c, q, none, same);
}

/// MS-WKST 3.2.4.13.
std::uint32_t get_join_information(Call& c) {
  (void)c.in.unique_wide_string();
  (void)c.in.unique_wide_string();  // NameBuffer, which says nothing on the way in
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  const bool stranger = c.client.identity.is_anonymous;
  c.out.unique_wide_string(stranger ? std::nullopt : rpc::WidePointer(kWorkgroup));
  c.out.u16(stranger ? 0 : wkst::kJoinedWorkgroup);
  c.out.u32(stranger ? net_status::kAccessDenied : net_status::kSuccess);
  return 0;
}

/// MS-WKST 3.2.4.21: one name, and no other.
std::uint32_t enumerate_computer_names(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint16_t type = c.in.u16();
  (void)c.in.u32();  // Reserved
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kSuccess;
  if (type > wkst::computer_names::kAll)
    status = net_status::kInvalidParameter;
  else if (c.client.identity.is_anonymous)
    status = net_status::kAccessDenied;
  const bool known = status == net_status::kSuccess;
  const std::uint32_t count = known && type != wkst::computer_names::kAlternate ? 1 : 0;
  c.out.pointer(known);
  if (known) c.out.u32(count);
  if (known) c.out.pointer(count != 0);
  if (count != 0) {
    const std::u16string name = utf8_to_utf16(c.server.settings()->server_name);
    const auto octets = static_cast<std::uint16_t>(name.size() * 2);
    const auto units = static_cast<std::uint32_t>(name.size());
    c.out.u32(count);
    for (int i = 0; i < 2; ++i) c.out.u16(octets);  // Length, MaximumLength
    c.out.pointer(true);
    for (std::uint32_t v : {units, 0u, units}) c.out.u32(v);  // maximum, offset, actual
    for (char16_t unit : name) c.out.u16(static_cast<std::uint16_t>(unit));
  }
  c.out.u32(status);
  return 0;
}

/// Operations that MS-WKST 3.2.4 keeps for programs on the machine itself; they answer nothing but
/// a status, and to clients ERROR_NOT_SUPPORTED (smbtorture rpc.wkssvc, against Windows).
std::uint32_t not_supported(Call& c) {
  c.out.u32(net_status::kNotSupported);
  return 0;
}

/// The same for the one that would list organizational units.
std::uint32_t get_joinable_ous(Call& c) {
  c.out.u32(0);
  c.out.pointer(false);
  return not_supported(c);
}

Operation wkssvc_operation(std::uint16_t opnum) {
  switch (opnum) {
    case wkst::opnum::kWkstaGetInfo: return get_info;
    case wkst::opnum::kWkstaUserEnum: return user_enum;
    case wkst::opnum::kWkstaTransportEnum: return transport_enum;
    case wkst::opnum::kUseEnum: return use_enum;
    case wkst::opnum::kGetJoinInformation: return get_join_information;
    case wkst::opnum::kEnumerateComputerNames: return enumerate_computer_names;
    case wkst::opnum::kLogonDomainNameAdd:
    case wkst::opnum::kLogonDomainNameDel:
    case wkst::opnum::kJoinDomain:
    case wkst::opnum::kUnjoinDomain:
    case wkst::opnum::kRenameMachineInDomain:
    case wkst::opnum::kValidateName: return not_supported;
    case wkst::opnum::kGetJoinableOus: return get_joinable_ous;
    default: return nullptr;
  }
}

}  // namespace

const Interface kWkssvc{wkst::kInterface, wkssvc_operation};

}  // namespace holdfast::service::pipes
