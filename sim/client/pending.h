// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/task.h"
#include "sim/client/client.h"

namespace holdfast::sim {

/// A request that has no final answer yet. Lives in the coroutine that awaits it.
struct Client::Pending {
  wire::smb2::Header request;
  /// What related requests were resolved to.
  std::uint64_t session_id = 0;
  std::uint32_t tree_id = 0;
  bool sealed = false;
  bool is_signed = false;
  std::uint64_t first_of_frame = 0;
  /// The keys in force when it was sent; a log-off meanwhile does not change them.
  std::shared_ptr<const crypto::Signer> signer;
  /// Not 0 once an interim answer came.
  std::uint64_t async_id = 0;
  OneShot<Answer> outcome;
};

}  // namespace holdfast::sim
