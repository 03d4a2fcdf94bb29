// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/failover_limits.h"
#include "ports/address_holder.h"
#include "ports/executor.h"

namespace holdfast::service {

/// Announces a moved address several times, at growing intervals: single packets get lost, and some
/// neighbours heed nothing for a moment. Of its loop only; destroying it ends it.
class AnnounceRounds {
 public:
  /// Called once, from the loop, after the first announcement: tickles may follow. May destroy the
  /// rounds.
  using First = std::move_only_function<void(const std::expected<void, std::string>&)>;

  /// The loop must outlive it.
  AnnounceRounds(ports::Executor& loop, std::shared_ptr<ports::AddressHolder> holder,
                 ports::MovingAddress address, First first);
  ~AnnounceRounds();
  AnnounceRounds(const AnnounceRounds&) = delete;
  AnnounceRounds& operator=(const AnnounceRounds&) = delete;

  unsigned announced() const;

 private:
  struct State;
  static void announce(std::shared_ptr<State> state);
  static void announced_once(const std::shared_ptr<State>& state);

  /// Shared with the pool while an announcement is in progress.
  std::shared_ptr<State> state_;
};

}  // namespace holdfast::service
