// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/node/node.h"

namespace holdfast::app {

/// What a configuration means for a node. as_root: the process may act as other users, which
/// `identity = "auto"` then means.
NodeOptions node_options(const Config& config, bool as_root, const Guid& server_guid,
                         std::shared_ptr<const service::UserDatabase> users,
                         std::shared_ptr<service::UnixAccounts> unix_accounts);

/// Where the state of this share's handles is kept; empty: they do not outlive the server.
std::string state_path(const ShareConfig& share);

/// Where a configuration says to listen.
std::vector<ListenAt> endpoints_of(const Config& config);

/// Keys whose values differ and take effect on restart only ("runtime.threads").
std::vector<std::string> needs_restart(const Config& running, const Config& next);

}  // namespace holdfast::app
