// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "service/server/server.h"

namespace holdfast::service::handover {

/// What is found out before loops stand still, because it takes file operations. Connections are
/// held meanwhile, so that it stays true.
struct Preparation {
  /// Where open objects are by now, below their share's root.
  std::map<core::OpenId, std::string> paths;
  /// Sessions that cannot be handed over, and why.
  std::map<core::SessionId, std::string_view> obstacles;
};

/// On any loop.
Task<void> prepare(Server& server, ports::Executor& loop, Preparation& out);

}  // namespace holdfast::service::handover
