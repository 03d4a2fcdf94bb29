// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/limits.h"

namespace holdfast::core {

/// The message ids a client may use, and the credits that give them (MS-SMB2 3.3.1.1, 3.3.1.2).
///
/// The window starts at the lowest id not yet used and ends before the first id not yet granted. It
/// never spans more than twice the credit limit, so that an id left unused cannot make it grow.
class CreditWindow {
 public:
  explicit CreditWindow(std::uint32_t max_credits = limits::kMaxCredits);

  /// Uses the ids [message_id, message_id + charge). False when one of them was not granted or has
  /// been used: the connection is to be ended (MS-SMB2 3.3.5.2.3).
  bool consume(std::uint64_t message_id, std::uint16_t charge);
  /// Decides how many credits a response grants and widens the window by as many: what was asked
  /// for, but never so few that the client could not go on (MS-SMB2 3.3.5.1 note).
  std::uint16_t grant(std::uint16_t requested);
  /// Credits the client holds.
  std::uint32_t outstanding() const { return outstanding_; }
  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return end_; }
  /// Message ids of the window that are used, counted from begin().
  std::vector<std::uint32_t> used() const;
  /// Goes on where an earlier server was. False, and nothing has changed: no window is like that.
  bool restore(std::uint64_t begin, std::uint64_t end, std::uint32_t outstanding,
               const std::vector<std::uint32_t>& used);

 private:
  bool used(std::uint64_t id) const { return bits_[id % bits_.size()]; }

  std::uint32_t max_credits_;
  std::uint32_t outstanding_ = 1;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 1;
  std::vector<bool> bits_;
};

}  // namespace holdfast::core
