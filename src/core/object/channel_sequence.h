// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace holdfast::core {

/// Which requests of a handle are from before a channel was lost, so that a write that was on its
/// way then does not overwrite what was written after it (Open.ChannelSequence,
/// Open.OutstandingRequestCount, Open.OutstandingPreRequestCount; MS-SMB2 3.3.5.2.10).
class ChannelSequence {
 public:
  /// Names the turn a counted request belongs to.
  using Turn = std::uint32_t;

  /// A request with this ChannelSequence begins. nullopt: it is from before the latest change of
  /// channel, or a replay of one that may still run; then it is not counted, and must not modify
  /// anything (STATUS_FILE_NOT_AVAILABLE).
  std::optional<Turn> begin(std::uint16_t sequence, bool is_replay);
  /// A counted request is answered (MS-SMB2 3.3.4.1).
  void end(Turn turn);
  /// The handle is reclaimed over a new connection, whose session counts anew: what still runs is
  /// from before.
  void restart(std::uint16_t sequence);

  std::uint16_t value() const { return sequence_; }
  std::uint32_t outstanding() const { return now_; }
  std::uint32_t outstanding_before() const { return before_; }

 private:
  void advance(std::uint16_t sequence);

  std::uint16_t sequence_ = 0;
  Turn turn_ = 0;
  std::uint32_t now_ = 0;
  std::uint32_t before_ = 0;
};

}  // namespace holdfast::core
