// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/utf16.h"
#include "service/pipes/enumeration.h"
#include "service/pipes/srvsvc_operations.h"
#include "wire/rpc/srvs.h"

namespace holdfast::service::pipes::srvsvc {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;

/// PLATFORM_ID_NT (MS-SRVS 2.2.2.6), and the version of Windows whose features clients may expect.
constexpr std::uint32_t kPlatformNt = 500;
constexpr std::uint32_t kVersionMajor = 10;
constexpr std::uint32_t kVersionMinor = 0;
/// Workstation, server, Unix, NT, NT server (MS-SRVS 2.2.2.7).
constexpr std::uint32_t kServerType =
    0x00000001 | 0x00000002 | 0x00000800 | 0x00001000 | 0x00008000;

bool has_server_arm(std::uint32_t level) {
  return one_of(level, {100, 101, 102, 103, 502, 503, 599});
}

srvs::ServerInfo101 server101(const Settings& settings) {
  return {kPlatformNt,   settings.server_name, kVersionMajor,
          kVersionMinor, kServerType,          settings.comment};
}

/// Days since 1970-01-01 as year, month and day of the proleptic Gregorian calendar. Years are
/// counted from March, so that the leap day is the last of its year.
void civil_date(std::int64_t days, srvs::TimeOfDay& out) {
  days += 719'468;  // to 0000-03-01
  const std::int64_t era = days / 146'097;
  const std::int64_t day_of_era = days % 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  out.day = static_cast<std::uint32_t>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  out.month = static_cast<std::uint32_t>(month);
  out.year = static_cast<std::uint32_t>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
}

}  // namespace

std::string windows_path(std::string_view location, std::string_view below) {
  std::string path = "C:";
  if (!location.starts_with('/')) path += '\\';
  path += location;
  if (!below.empty()) {
    if (!path.ends_with('/')) path += '\\';
    path += below;
  }
  std::replace(path.begin(), path.end(), '/', '\\');
  return path;
}

/// MS-SRVS 3.1.4.17.
std::uint32_t server_get_info(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t level = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::shared_ptr<const Settings> settings = c.server.settings();
  const bool anonymous = c.client.identity.is_anonymous && !settings->policy.allow_anonymous;
  std::uint32_t status = net_status::kSuccess;
  if (!one_of(level, {100, 101, 102}))
    status = net_status::kInvalidLevel;
  else if (anonymous || (level == 102 && !c.administrator()))
    status = net_status::kAccessDenied;
  if (status != net_status::kSuccess) {
    rpc::write_info_failure(c.out, level, has_server_arm(level), status);
    return 0;
  }
  const srvs::ServerInfo101 info = server101(*settings);
  if (level == 100) {
    rpc::write_info_response(c.out, level, srvs::ServerInfo100{info.platform_id, info.name});
  } else if (level == 101) {
    rpc::write_info_response(c.out, level, info);
  } else {
    srvs::ServerInfo102 all;
    all.base = info;
    all.users = static_cast<std::uint32_t>(c.server.sessions().size());
    all.user_path = "C:\\";
    rpc::write_info_response(c.out, level, all);
  }
  return 0;
}

/// MS-SRVS 3.1.4.18: shares' paths are all told as being on "C:". Level is 0; the array is
/// conformant and varying, of strings of up to three units.
std::uint32_t server_disk_enum(Call& c) {
  (void)c.in.unique_wide_string();
  const std::uint32_t level = c.in.u32();
  (void)c.in.u32();  // EntriesRead
  // An input array has nothing to say, but may be there.
  if (c.in.unique()) {
    const std::uint32_t maximum = c.in.u32();
    (void)c.in.u32();
    if (maximum > 26 || c.in.u32() != 0) c.in.fail();
  }
  (void)c.in.u32();  // PreferedMaximumLength
  const std::optional<std::uint32_t> resume = c.in.unique_u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kSuccess;
  if (level != 0)
    status = net_status::kInvalidLevel;
  else if (!c.administrator())
    status = net_status::kAccessDenied;
  const std::uint32_t entries = status == net_status::kSuccess ? 1 : 0;
  c.out.u32(entries);
  c.out.pointer(entries != 0);
  if (entries != 0) {
    for (std::uint32_t v : {entries, 0u, entries}) c.out.u32(v);  // maximum, offset, actual
    for (std::uint32_t v : {0u, 3u}) c.out.u32(v);                // offset, actual
    for (char16_t unit : {u'C', u':', u'\0'}) c.out.u16(unit);
  }
  c.out.u32(entries);
  c.out.unique_u32(resume ? std::optional<std::uint32_t>(0) : std::nullopt);
  c.out.u32(status);
  return 0;
}

/// MS-SRVS 3.1.4.22.
std::uint32_t server_transport_enum(Call& c) {
  (void)c.in.unique_wide_string();
  auto has_arm = [](std::uint32_t level) { return level <= 3; };
  rpc::EnumRequest q = rpc::read_enum_request(c.in, has_arm);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (q.level != 0) return refuse_enumeration(c, q, net_status::kInvalidLevel, has_arm(q.level));
  if (!c.administrator()) return refuse_enumeration(c, q, net_status::kAccessDenied);
  std::shared_ptr<const Settings> settings = c.server.settings();
  const std::vector<std::size_t> clients{c.server.sessions().size()};
  return answer_enumeration<srvs::ServerTransportInfo0>(c, q, clients, [&](std::size_t sessions) {
    srvs::ServerTransportInfo0 info;
    info.number_of_vcs = static_cast<std::uint32_t>(sessions);
    info.transport_name = "\\Device\\Tcp";
    info.transport_address = to_vec(as_bytes(settings->server_name));
    info.transport_address_length = static_cast<std::uint32_t>(info.transport_address->size());
    info.network_address = "";
    return info;
  });
}

/// MS-SRVS 3.1.4.21.
std::uint32_t remote_tod(Call& c) {
  (void)c.in.unique_wide_string();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  const NtTime now = c.server.now();
  const std::int64_t seconds = std::max<std::int64_t>(now.unix_seconds(), 0);
  const std::int64_t days = seconds / 86'400;
  const std::uint32_t of_day = static_cast<std::uint32_t>(seconds % 86'400);
  srvs::TimeOfDay tod;
  tod.elapsed_s = static_cast<std::uint32_t>(seconds);
  // From an origin of the server's choice; it wraps after 49 days.
  tod.milliseconds = static_cast<std::uint32_t>(now.ticks / 10'000);
  tod.hours = of_day / 3'600;
  tod.minutes = of_day / 60 % 60;
  tod.seconds = of_day % 60;
  tod.hundredths = static_cast<std::uint32_t>(now.ticks % 10'000'000 / 100'000);
  tod.weekday = static_cast<std::uint32_t>((days + 4) % 7);
  civil_date(days, tod);
  c.out.pointer(true);
  write_structure(c.out, tod);
  c.out.u32(net_status::kSuccess);
  return 0;
}

/// MS-SRVS 3.1.4.29. Tells the kinds apart that share and path dialogs ask for.
std::uint32_t path_type(Call& c) {
  constexpr std::uint32_t kUncPath = 0x2001, kAbsolutePath = 0x2006, kDirectoryPath = 0x2002;
  (void)c.in.unique_wide_string();
  const std::string path = c.in.wide_string();
  (void)c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t type = 0, status = net_status::kSuccess;
  if (path.empty() || path.size() > 260 || path.find_first_of("*?\"<>|") != std::string::npos)
    status = net_status::kInvalidName;
  else if (path.starts_with("\\\\"))
    type = kUncPath;
  else
    type = path.size() >= 2 && path[1] == ':' ? kAbsolutePath : kDirectoryPath;
  c.out.u32(type);
  c.out.u32(status);
  return 0;
}

/// MS-SRVS 3.1.4.32.
std::uint32_t name_validate(Call& c) {
  constexpr std::uint32_t kUser = 1, kHighestType = 14, kShare = 9;
  (void)c.in.unique_wide_string();
  const std::string name = c.in.wide_string();
  const std::uint32_t type = c.in.u32();
  (void)c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t status = net_status::kSuccess;
  const std::size_t longest = type == kShare ? 80 : 256;
  const bool control = std::any_of(name.begin(), name.end(),
                                   [](char ch) { return static_cast<unsigned char>(ch) < 0x20; });
  if (type < kUser || type > kHighestType)
    status = net_status::kInvalidParameter;
  else if (name.empty() || control || utf8_to_utf16(name).size() > longest ||
           name.find_first_of("\"/\\[]:|<>+=;,*?") != std::string::npos)
    status = net_status::kInvalidName;
  c.out.u32(status);
  return 0;
}

}  // namespace holdfast::service::pipes::srvsvc

namespace holdfast::service::pipes {
namespace {

/// MS-SRVS 3.1.4. What is not here is answered with a fault, as by a server without it.
Operation srvsvc_operation(std::uint16_t opnum) {
  namespace op = wire::rpc::srvs::opnum;
  switch (opnum) {
    case op::kConnectionEnum: return srvsvc::connection_enum;
    case op::kFileEnum: return srvsvc::file_enum;
    case op::kFileGetInfo: return srvsvc::file_get_info;
    case op::kFileClose: return srvsvc::file_close;
    case op::kSessionEnum: return srvsvc::session_enum;
    case op::kSessionDel: return srvsvc::session_del;
    case op::kShareAdd: return srvsvc::share_add;
    case op::kShareEnum: return srvsvc::share_enum;
    case op::kShareGetInfo: return srvsvc::share_get_info;
    case op::kShareSetInfo: return srvsvc::share_set_info;
    case op::kShareDel: return srvsvc::share_del;
    case op::kShareCheck: return srvsvc::share_check;
    case op::kServerGetInfo: return srvsvc::server_get_info;
    case op::kServerDiskEnum: return srvsvc::server_disk_enum;
    case op::kServerTransportEnum: return srvsvc::server_transport_enum;
    case op::kRemoteTod: return srvsvc::remote_tod;
    case op::kPathType: return srvsvc::path_type;
    case op::kNameValidate: return srvsvc::name_validate;
    case op::kShareEnumSticky: return srvsvc::share_enum_sticky;
    default: return nullptr;
  }
}

}  // namespace

const Interface kSrvsvc{wire::rpc::srvs::kInterface, srvsvc_operation};

}  // namespace holdfast::service::pipes
