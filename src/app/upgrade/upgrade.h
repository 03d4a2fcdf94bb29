// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/node/node.h"
#include "wire/state/handover.h"

namespace holdfast::app {

struct UpgradeOrder {
  std::string binary;
  /// Its command line behind the name, without --handover-fd.
  std::vector<std::string> arguments;
  /// The admin socket; -1: nobody waits for the outcome.
  int admin_listener = -1;
  int asker = -1;
  std::string admin_path;
};

/// Replaces the program of this process by another binary, to which all clients stay connected.
/// Returns only when that has failed: why, for an administrator. Then the server goes on; `closed`
/// connections that could not be handed over have ended all the same. On the main thread.
std::string upgrade(Node& node, const UpgradeOrder& order);

}  // namespace holdfast::app
