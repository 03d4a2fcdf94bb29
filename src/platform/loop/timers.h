// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/unique_function.h"
#include "ports/executor.h"

namespace holdfast::platform {

/// Timers of one loop: a binary heap over slots, so that starting and cancelling cost O(log n).
/// Timers of the same deadline run in the order in which they were started.
class Timers {
 public:
  using Id = ports::TimerId;

  Id start(std::uint64_t deadline_us, UniqueFunction fn);
  bool cancel(Id id);
  /// When the first is due; nullopt when there is none.
  std::optional<std::uint64_t> next_deadline_us() const;
  /// Runs those due at now_us that were started before this call; returns how many.
  std::size_t run_due(std::uint64_t now_us);
  std::size_t size() const { return heap_.size(); }
  void clear();

 private:
  struct Slot {
    std::uint64_t deadline_us = 0;
    std::uint64_t sequence = 0;
    std::uint32_t generation = 1;
    std::uint32_t heap_index = 0;
    UniqueFunction fn;
  };
  bool before(std::uint32_t a, std::uint32_t b) const;
  void place(std::size_t heap_index, std::uint32_t slot);
  void sift_up(std::size_t heap_index);
  void sift_down(std::size_t heap_index);
  UniqueFunction remove(std::size_t heap_index);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace holdfast::platform
