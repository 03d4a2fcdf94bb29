// SPDX-License-Identifier: Apache-2.0
#include "platform/loop/timers.h"

#include <utility>

namespace holdfast::platform {

bool Timers::before(std::uint32_t a, std::uint32_t b) const {
  const Slot& x = slots_[a];
  const Slot& y = slots_[b];
  if (x.deadline_us != y.deadline_us) return x.deadline_us < y.deadline_us;
  return x.sequence < y.sequence;
}

void Timers::place(std::size_t heap_index, std::uint32_t slot) {
  heap_[heap_index] = slot;
  slots_[slot].heap_index = static_cast<std::uint32_t>(heap_index);
}

void Timers::sift_up(std::size_t i) {
  std::uint32_t slot = heap_[i];
  while (i > 0 && before(slot, heap_[(i - 1) / 2])) {
    place(i, heap_[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  place(i, slot);
}

void Timers::sift_down(std::size_t i) {
  std::uint32_t slot = heap_[i];
  for (;;) {
    std::size_t child = 2 * i + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], slot)) break;
    place(i, heap_[child]);
    i = child;
  }
  place(i, slot);
}

Timers::Id Timers::start(std::uint64_t deadline_us, UniqueFunction fn) {
  std::uint32_t slot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& s = slots_[slot];
  s.deadline_us = deadline_us;
  s.sequence = next_sequence_++;
  s.fn = std::move(fn);
  heap_.push_back(slot);
  sift_up(heap_.size() - 1);
  return static_cast<Id>(s.generation) << 32 | (slot + 1);
}

UniqueFunction Timers::remove(std::size_t heap_index) {
  std::uint32_t slot = heap_[heap_index];
  std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (last != slot) {
    place(heap_index, last);
    sift_down(heap_index);
    sift_up(slots_[last].heap_index);
  }
  if (++slots_[slot].generation == 0) slots_[slot].generation = 1;
  free_.push_back(slot);
  return std::exchange(slots_[slot].fn, {});
}

bool Timers::cancel(Id id) {
  std::uint32_t slot = static_cast<std::uint32_t>(id) - 1;
  if (slot >= slots_.size() || slots_[slot].generation != static_cast<std::uint32_t>(id >> 32))
    return false;
  // The function is destroyed when this returns: its destructor may call the timers again.
  UniqueFunction dropped = remove(slots_[slot].heap_index);
  return true;
}

std::optional<std::uint64_t> Timers::next_deadline_us() const {
  if (heap_.empty()) return std::nullopt;
  return slots_[heap_[0]].deadline_us;
}

std::size_t Timers::run_due(std::uint64_t now_us) {
  std::uint64_t started_before = next_sequence_;
  std::size_t count = 0;
  while (!heap_.empty()) {
    const Slot& first = slots_[heap_[0]];
    if (first.deadline_us > now_us || first.sequence >= started_before) break;
    UniqueFunction fn = remove(0);
    fn();
    ++count;
  }
  return count;
}

void Timers::clear() {
  while (!heap_.empty()) UniqueFunction dropped = remove(heap_.size() - 1);
}

}  // namespace holdfast::platform
