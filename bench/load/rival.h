// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/load/run.h"
#include "sim/client/operations.h"

namespace holdfast::load {

/// A client that tries all the time to get at what others hold: their locks, and files that they
/// have opened for themselves. It must never succeed, least of all between the loss of a server and
/// the reclaim of a handle.
class Rival {
 public:
  Rival(Run& run, std::uint32_t number);

  /// Until the run stops.
  Task<void> run();
  void cut() { client_.abort(); }

 private:
  Task<bool> log_on();
  Task<void> try_once(Guarded& guarded);
  Task<void> try_lock(Guarded& guarded, wire::smb2::FileId id);

  Run& run_;
  sim::Client client_;
};

}  // namespace holdfast::load
