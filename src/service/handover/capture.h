// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "service/handover/preparation.h"
#include "wire/state/handover.h"

namespace holdfast::service::handover {

/// What a hand-over says beside the server's own state.
struct Frame {
  std::uint64_t held_us = 0;
  std::vector<wire::state::HeldListener> listeners;
  wire::state::HeldAdmin admin;
  /// Why connections were not handed over, each once, and their number.
  std::vector<std::string> reasons;
  std::uint32_t closed = 0;
};

struct Captured {
  /// Secret: it has keys.
  Buffer octets;
  /// What the platform knows the connections by.
  std::vector<std::uint32_t> sockets;
  std::size_t connections = 0, sessions = 0, opens = 0, requests = 0;
};

/// Writes down all of the server. All connections stand still (Driver::is_still), and so do all
/// loops: nothing else runs.
Captured capture(Server& server, const Preparation& prepared, const Frame& frame);

}  // namespace holdfast::service::handover
