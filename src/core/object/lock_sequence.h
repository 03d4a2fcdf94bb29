// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace holdfast::core {

/// Recognizes a LOCK request that is sent again because its answer was lost
/// (Open.LockSequenceArray, MS-SMB2 3.3.1.10, 3.3.5.14). A value: it survives with the open.
class LockSequence {
 public:
  static constexpr std::uint32_t kEntries = 64;
  /// An entry that stands for no request.
  static constexpr std::uint8_t kNone = 0xFF;

  /// True: the request was done before, and is answered with success. False: it is to be done; an
  /// entry that stood for an older request is void until done() is called.
  bool is_replay(std::uint32_t index, std::uint8_t number) {
    if (index == 0 || index > kEntries) return false;
    std::uint8_t& entry = numbers_[index - 1];
    if (entry == number) return true;
    entry = kNone;
    return false;
  }
  void done(std::uint32_t index, std::uint8_t number) {
    if (index != 0 && index <= kEntries) numbers_[index - 1] = number;
  }
  bool operator==(const LockSequence&) const = default;

 private:
  std::array<std::uint8_t, kEntries> numbers_ = [] {
    std::array<std::uint8_t, kEntries> none{};
    none.fill(kNone);
    return none;
  }();
};

}  // namespace holdfast::core
