// SPDX-License-Identifier: Apache-2.0
#include "core/access/token.h"

#include <algorithm>

namespace holdfast::core {
namespace {

void add(AccessToken& token, const Sid& sid) {
  if (!token.has(sid)) token.groups.push_back(sid);
}

}  // namespace

bool AccessToken::has(const Sid& sid) const {
  return user == sid || std::find(groups.begin(), groups.end(), sid) != groups.end();
}

void add_well_known_groups(AccessToken& token, bool anonymous) {
  add(token, sids::kEveryone);
  add(token, sids::kNetwork);
  add(token, anonymous ? sids::kAnonymous : sids::kAuthenticatedUsers);
}

void make_administrator(AccessToken& token) {
  add(token, sids::kBuiltinAdministrators);
  token.backup_privilege = true;
  token.restore_privilege = true;
  token.security_privilege = true;
  token.take_ownership_privilege = true;
}

}  // namespace holdfast::core
