// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "base/utf16.h"
#include "service/pipes/enumeration.h"
#include "service/pipes/srvsvc_operations.h"
#include "wire/rpc/srvs.h"

namespace holdfast::service::pipes::srvsvc {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;

using SharePtr = std::shared_ptr<const core::Share>;

/// What the levels are made of.
struct ShareFacts {
  SharePtr share;
  std::uint32_t uses = 0;
};

/// Levels that tell where a share is and who uses it are for administrators (MS-SRVS 3.1.4.8).
bool for_administrators(std::uint32_t level) { return one_of(level, {2, 502, 503}); }

bool knows_enum_level(std::uint32_t level) { return one_of(level, {0, 1, 2, 501, 502, 503}); }

/// Levels with an arm in SHARE_INFO (MS-SRVS 2.2.3.6).
bool has_info_arm(std::uint32_t level) {
  return knows_enum_level(level) || one_of(level, {1004, 1005, 1006, 1501});
}

std::uint32_t type_of(const core::Share& share) {
  return share.type == core::ShareType::kPipe ? srvs::share_type::kIpc | srvs::share_type::kSpecial
                                              : srvs::share_type::kDisk;
}

std::uint32_t flags_of(const core::Share& share) {
  std::uint32_t flags = 0;
  if (share.access_based_enumeration) flags |= srvs::share_flag::kAccessBasedEnumeration;
  if (share.encryption == core::Requirement::kRequired) flags |= srvs::share_flag::kEncryptData;
  if (share.compress_data) flags |= srvs::share_flag::kCompressData;
  return flags;
}

std::string device_of(const core::Share& share) {
  return share.type == core::ShareType::kPipe ? "" : windows_path(share.location);
}

srvs::ShareInfo0 info0(const ShareFacts& f) { return {f.share->name}; }
srvs::ShareInfo1 info1(const ShareFacts& f) {
  return {f.share->name, type_of(*f.share), f.share->comment};
}
srvs::ShareInfo2 info2(const ShareFacts& f) {
  srvs::ShareInfo2 info;
  info.netname = f.share->name;
  info.type = type_of(*f.share);
  info.remark = f.share->comment;
  info.current_uses = f.uses;
  info.path = device_of(*f.share);
  return info;
}
srvs::ShareInfo501 info501(const ShareFacts& f) {
  return {f.share->name, type_of(*f.share), f.share->comment, flags_of(*f.share)};
}
srvs::ShareInfo502 info502(const ShareFacts& f) { return {info2(f), 0, std::nullopt}; }
srvs::ShareInfo503 info503(const ShareFacts& f) { return {info2(f), "*", 0, std::nullopt}; }
srvs::ShareInfo1005 info1005(const ShareFacts& f) { return {flags_of(*f.share)}; }

std::vector<ShareFacts> facts(Call& c, const std::vector<SharePtr>& shares, bool count_uses) {
  std::vector<ShareFacts> out;
  for (const SharePtr& share : shares) out.push_back({share, 0});
  if (!count_uses) return out;
  std::map<std::string, std::uint32_t> uses;
  for (const SessionListing& session : c.server.sessions())
    for (const std::string& name : session.shares) ++uses[name];
  for (ShareFacts& f : out) f.uses = uses[f.share->name];
  return out;
}

/// The pipe share is always listed; other hidden ones never are.
std::vector<SharePtr> listed_shares(const Settings& settings) {
  std::vector<SharePtr> out;
  for (const SharePtr& share : settings.shares)
    if (!share->hidden || share->type == core::ShareType::kPipe) out.push_back(share);
  return out;
}

/// Anonymous users are there only while the settings say so.
bool may_list(Call& c, const Settings& settings) {
  return !c.client.identity.is_anonymous || settings.policy.allow_anonymous;
}

/// MS-SRVS 3.1.4.8, 3.1.4.9. Shares that outlive a restart (sticky) are all of them.
std::uint32_t enumerate(Call& c, bool sticky) {
  (void)c.in.unique_wide_string();
  rpc::EnumRequest q = rpc::read_enum_request(c.in, knows_enum_level);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (!knows_enum_level(q.level)) return refuse_enumeration(c, q, net_status::kInvalidLevel, false);
  if (sticky && q.level == 501) return refuse_enumeration(c, q, net_status::kInvalidLevel);
  std::shared_ptr<const Settings> settings = c.server.settings();
  // Windows tells strangers the names and comments alone.
  const bool stranger = c.client.identity.is_anonymous && q.level > 1;
  if (!may_list(c, *settings) || stranger || (for_administrators(q.level) && !c.administrator()))
    return refuse_enumeration(c, q, net_status::kAccessDenied);
  std::vector<ShareFacts> items = facts(c, listed_shares(*settings), for_administrators(q.level));
  switch (q.level) {
    case 0: return answer_enumeration<srvs::ShareInfo0>(c, q, items, info0);
    case 1: return answer_enumeration<srvs::ShareInfo1>(c, q, items, info1);
    case 2: return answer_enumeration<srvs::ShareInfo2>(c, q, items, info2);
    case 501: return answer_enumeration<srvs::ShareInfo501>(c, q, items, info501);
    case 502: return answer_enumeration<srvs::ShareInfo502>(c, q, items, info502);
    default: return answer_enumeration<srvs::ShareInfo503>(c, q, items, info503);
  }
}

}  // namespace

/// MS-SRVS 3.1.4.8.
std::uint32_t share_enum(Call& c) { return enumerate(c, false); }

/// MS-SRVS 3.1.4.9: shares that outlive a restart; that is all of them.
std::uint32_t share_enum_sticky(Call& c) { return enumerate(c, true); }

/// MS-SRVS 3.1.4.10.
std::uint32_t share_get_info(Call& c) {
  (void)c.in.unique_wide_string();
  const std::string name = c.in.wide_string();
  const std::uint32_t level = c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::shared_ptr<const Settings> settings = c.server.settings();
  auto refuse = [&](std::uint32_t status) {
    rpc::write_info_failure(c.out, level, has_info_arm(level), status);
    return 0u;
  };
  if (!one_of(level, {0, 1, 2, 501, 502, 503, 1005})) return refuse(net_status::kInvalidLevel);
  if (!may_list(c, *settings) || (for_administrators(level) && !c.administrator()))
    return refuse(net_status::kAccessDenied);
  auto found = std::find_if(settings->shares.begin(), settings->shares.end(),
                            [&](const SharePtr& share) { return same_name(share->name, name); });
  if (found == settings->shares.end()) return refuse(net_status::kNetNameNotFound);
  const ShareFacts f = facts(c, {*found}, for_administrators(level)).front();
  switch (level) {
    case 0: rpc::write_info_response(c.out, level, info0(f)); break;
    case 1: rpc::write_info_response(c.out, level, info1(f)); break;
    case 2: rpc::write_info_response(c.out, level, info2(f)); break;
    case 501: rpc::write_info_response(c.out, level, info501(f)); break;
    case 502: rpc::write_info_response(c.out, level, info502(f)); break;
    case 503: rpc::write_info_response(c.out, level, info503(f)); break;
    default: rpc::write_info_response(c.out, level, info1005(f)); break;
  }
  return 0;
}

/// MS-SRVS 3.1.4.13: is this directory shared, and as what? As level 2 it tells where shares are,
/// so it is for administrators.
std::uint32_t share_check(Call& c) {
  (void)c.in.unique_wide_string();
  const std::string device = c.in.wide_string();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  std::uint32_t type = 0, status = net_status::kAccessDenied;
  if (c.administrator()) {
    std::shared_ptr<const Settings> settings = c.server.settings();
    auto found =
        std::find_if(settings->shares.begin(), settings->shares.end(),
                     [&](const SharePtr& share) { return same_name(device_of(*share), device); });
    const bool shared = found != settings->shares.end();
    if (shared) type = type_of(**found);
    status = shared ? net_status::kSuccess : net_status::kDeviceNotShared;
  }
  c.out.u32(type);
  c.out.u32(status);
  return 0;
}

}  // namespace holdfast::service::pipes::srvsvc
