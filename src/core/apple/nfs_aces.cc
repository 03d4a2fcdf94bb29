// SPDX-License-Identifier: Apache-2.0
#include "core/apple/nfs_aces.h"

#include <algorithm>

namespace holdfast::core::apple {
namespace {

const Sid kUser{5, {88, 1}}, kGroup{5, {88, 2}}, kMode{5, {88, 3}};

bool is_nfs(const wire::dtyp::Ace& ace) {
  return kUser.is_domain_of(ace.sid) || kGroup.is_domain_of(ace.sid) || kMode.is_domain_of(ace.sid);
}

}  // namespace

void add_nfs_aces(wire::dtyp::SecurityDescriptor& sd, std::uint32_t mode, std::uint32_t uid,
                  std::uint32_t gid) {
  if (!sd.dacl) return;
  std::erase_if(sd.dacl->aces, is_nfs);
  for (const Sid& sid : {kMode.with(mode), kUser.with(uid), kGroup.with(gid)}) {
    wire::dtyp::Ace ace;
    ace.type = wire::dtyp::AceType::kAccessDenied;
    ace.sid = sid;
    sd.dacl->aces.push_back(std::move(ace));
  }
}

std::optional<std::uint32_t> take_nfs_aces(wire::dtyp::SecurityDescriptor& sd) {
  if (!sd.dacl) return std::nullopt;
  std::optional<std::uint32_t> mode;
  for (const wire::dtyp::Ace& ace : sd.dacl->aces)
    if (!mode && kMode.is_domain_of(ace.sid)) mode = ace.sid.rid() & 07777;
  std::erase_if(sd.dacl->aces, is_nfs);
  return mode;
}

}  // namespace holdfast::core::apple
