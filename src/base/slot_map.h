// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"

namespace holdfast {

/// Objects by id. An id is a slot and that slot's generation, so that the id of a removed object
/// never names its successor. 0 is no id.
template <class T>
class SlotMap {
 public:
  /// Ids are (generation << 32 | slot + 1); both parts are non-zero in a valid id.
  using Id = std::uint64_t;

  template <class... Args>
  Id emplace(Args&&... args) {
    std::uint32_t slot;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
    } else {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    }
    slots_[slot].value.emplace(std::forward<Args>(args)...);
    ++size_;
    return make_id(slot);
  }
  /// The same with an id that an earlier map gave. nullptr: something has that slot.
  template <class... Args>
  T* emplace_at(Id id, Args&&... args) {
    std::uint32_t slot = static_cast<std::uint32_t>(id) - 1;
    auto generation = static_cast<std::uint32_t>(id >> 32);
    if (slot >= kMaxRestored || generation == 0) return nullptr;
    while (slots_.size() <= slot) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    Slot& s = slots_[slot];
    if (s.value) return nullptr;
    std::erase(free_, slot);
    s.generation = generation;
    s.value.emplace(std::forward<Args>(args)...);
    ++size_;
    return &*s.value;
  }
  T* find(Id id) {
    std::uint32_t slot = static_cast<std::uint32_t>(id) - 1;
    if (slot >= slots_.size()) return nullptr;
    Slot& s = slots_[slot];
    if (!s.value || s.generation != static_cast<std::uint32_t>(id >> 32)) return nullptr;
    return &*s.value;
  }
  const T* find(Id id) const { return const_cast<SlotMap*>(this)->find(id); }
  bool erase(Id id) { return take(id).has_value(); }
  std::optional<T> take(Id id) {
    T* value = find(id);
    if (value == nullptr) return std::nullopt;
    std::optional<T> taken(std::move(*value));
    std::uint32_t slot = static_cast<std::uint32_t>(id) - 1;
    slots_[slot].value.reset();
    if (++slots_[slot].generation == 0) slots_[slot].generation = 1;
    free_.push_back(slot);
    --size_;
    return taken;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Calls visit(id, value) for each object, in slot order. visit must not add or remove objects.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
      if (slots_[slot].value) visit(make_id(slot), *slots_[slot].value);
  }

 private:
  struct Slot {
    std::optional<T> value;
    std::uint32_t generation = 1;
  };
  /// Slots beyond it are no ids that a map gave.
  static constexpr std::uint32_t kMaxRestored = 1u << 24;

  Id make_id(std::uint32_t slot) const {
    return static_cast<Id>(slots_[slot].generation) << 32 | (slot + 1);
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace holdfast
