// SPDX-License-Identifier: Apache-2.0
#include "core/object/channel_sequence.h"

namespace holdfast::core {
namespace {

// Half of the 16-bit circle is ahead, the other half behind (MS-SMB2 3.3.5.2.10).
constexpr std::uint16_t kAhead = 0x7FFF;

}  // namespace

void ChannelSequence::advance(std::uint16_t sequence) {
  before_ += now_;
  now_ = 0;
  ++turn_;
  sequence_ = sequence;
}

std::optional<ChannelSequence::Turn> ChannelSequence::begin(std::uint16_t sequence,
                                                            bool is_replay) {
  auto ahead = static_cast<std::uint16_t>(sequence - sequence_);
  if (ahead > kAhead) return std::nullopt;
  if (ahead != 0) advance(sequence);
  // What a replay repeats may be one of those that still run.
  if (is_replay && before_ != 0) return std::nullopt;
  ++now_;
  return turn_;
}

void ChannelSequence::end(Turn turn) {
  std::uint32_t& count = turn == turn_ ? now_ : before_;
  if (count != 0) --count;
}

void ChannelSequence::restart(std::uint16_t sequence) { advance(sequence); }

}  // namespace holdfast::core
