// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "service/pipes/enumeration.h"
#include "service/pipes/srvsvc_operations.h"
#include "wire/rpc/srvs.h"

/// The calls of MS-SRVS that change shares. They are for administrators, and only where the
/// configuration allows it.
namespace holdfast::service::pipes::srvsvc {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;

/// "C:\srv\data" and "/srv/data" are the same directory; windows_path() the other way round.
std::string local_path(std::string_view path) {
  if (path.size() >= 2 && path[1] == ':') path.remove_prefix(2);
  std::string local(path);
  std::replace(local.begin(), local.end(), '\\', '/');
  while (local.size() > 1 && local.ends_with('/')) local.pop_back();
  return local;
}

std::uint32_t status_of(ShareEditor::Outcome outcome) {
  switch (outcome) {
    case ShareEditor::Outcome::kDone: return net_status::kSuccess;
    case ShareEditor::Outcome::kNotAllowed: return net_status::kNotSupported;
    case ShareEditor::Outcome::kExists: return net_status::kDuplicateShare;
    case ShareEditor::Outcome::kMissing: return net_status::kNetNameNotFound;
    case ShareEditor::Outcome::kBadName: return net_status::kInvalidName;
    case ShareEditor::Outcome::kNoDirectory: return net_status::kUnknownDirectory;
    case ShareEditor::Outcome::kFailed: return net_status::kWriteFault;
  }
  return net_status::kInvalidParameter;
}

/// A share's SHARE_INFO as Add and SetInfo send it.
struct Asked {
  ShareChange change;
  std::uint32_t type = srvs::share_type::kDisk;
  /// Somebody's security descriptor: shares here have none that could be set.
  bool has_descriptor = false;
};

void take(const srvs::ShareInfo2& info, Asked& asked) {
  asked.change.name = info.netname.value_or("");
  asked.change.comment = info.remark.value_or("");
  asked.type = info.type;
  if (info.path && !info.path->empty()) asked.change.path = local_path(*info.path);
}

/// Reads the union behind `level`. False: it has no such arm, and nothing was read.
bool read_info(rpc::NdrReader& r, std::uint32_t level, Asked& asked) {
  if (r.u32() != level) r.fail();
  if (!one_of(level, {1, 2, 502, 503, 1004, 1005, 1006, 1501})) return false;
  if (!r.unique()) return r.fail(), true;
  auto read = [&r]<class Info>(Info info) {
    read_structure(r, info);
    return info;
  };
  if (level == 1) {
    srvs::ShareInfo1 info = read(srvs::ShareInfo1{});
    asked.change.comment = info.remark.value_or("");
  } else if (level == 2) {
    take(read(srvs::ShareInfo2{}), asked);
  } else if (level == 502) {
    srvs::ShareInfo502 info = read(srvs::ShareInfo502{});
    take(info.base, asked);
    asked.has_descriptor = info.security_descriptor.has_value();
  } else if (level == 503) {
    srvs::ShareInfo503 info = read(srvs::ShareInfo503{});
    take(info.base, asked);
    asked.has_descriptor = info.security_descriptor.has_value();
  } else if (level == 1004) {
    // Of one string, as ShareInfo0.
    asked.change.comment = read(srvs::ShareInfo0{}).netname.value_or("");
  } else if (level == 1005) {
    const std::uint32_t flags = read(srvs::ShareInfo1005{}).flags;
    asked.change.access_based_enumeration =
        (flags & srvs::share_flag::kAccessBasedEnumeration) != 0;
    asked.change.encrypted = (flags & srvs::share_flag::kEncryptData) != 0;
    asked.change.compress_data = (flags & srvs::share_flag::kCompressData) != 0;
  } else if (level == 1006) {
    (void)r.u32();
  } else {
    (void)r.u32();
    asked.has_descriptor = r.unique();
    if (asked.has_descriptor) (void)r.conformant_octets();
  }
  return true;
}

std::uint32_t answer(Call& c, const std::optional<std::uint32_t>& parameter_error,
                     std::uint32_t status) {
  c.out.unique_u32(parameter_error);
  c.out.u32(status);
  return 0;
}

/// Whoever may not, learns it before anything else is looked at.
std::uint32_t refusal(Call& c) {
  if (!c.administrator()) return net_status::kAccessDenied;
  return c.server.share_editor() == nullptr ? net_status::kNotSupported : net_status::kSuccess;
}

}  // namespace

/// MS-SRVS 3.1.4.7.
std::uint32_t share_add(Call& c) {
  if (std::uint32_t refused = refusal(c); refused != net_status::kSuccess)
    return answer(c, std::nullopt, refused);
  (void)c.in.unique_wide_string();
  const std::uint32_t level = c.in.u32();
  Asked asked;
  if (!one_of(level, {2, 502, 503})) return answer(c, std::nullopt, net_status::kInvalidLevel);
  (void)read_info(c.in, level, asked);
  auto parameter_error = c.in.unique_u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (asked.has_descriptor) return answer(c, parameter_error, net_status::kNotSupported);
  if (asked.type != srvs::share_type::kDisk || !asked.change.path)
    return answer(c, parameter_error, net_status::kInvalidParameter);
  return answer(c, parameter_error, status_of(c.server.share_editor()->add(asked.change)));
}

/// MS-SRVS 3.1.4.11. The number of users is not limited: setting it changes nothing.
std::uint32_t share_set_info(Call& c) {
  if (std::uint32_t refused = refusal(c); refused != net_status::kSuccess)
    return answer(c, std::nullopt, refused);
  (void)c.in.unique_wide_string();
  const std::string name = c.in.wide_string();
  const std::uint32_t level = c.in.u32();
  Asked asked;
  if (!read_info(c.in, level, asked)) return answer(c, std::nullopt, net_status::kInvalidLevel);
  auto parameter_error = c.in.unique_u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  if (asked.has_descriptor) return answer(c, parameter_error, net_status::kNotSupported);
  asked.change.name = name;
  asked.change.path.reset();  // MS-SRVS 3.1.4.11: a share stays where it is
  return answer(c, parameter_error, status_of(c.server.share_editor()->change(asked.change)));
}

/// MS-SRVS 3.1.4.12.
std::uint32_t share_del(Call& c) {
  std::uint32_t status = refusal(c);
  if (status == net_status::kSuccess) {
    (void)c.in.unique_wide_string();
    const std::string name = c.in.wide_string();
    (void)c.in.u32();
    if (!c.in.ok()) return rpc::fault_status::kBadStubData;
    status = status_of(c.server.share_editor()->remove(name));
  }
  c.out.u32(status);
  return 0;
}

}  // namespace holdfast::service::pipes::srvsvc
