// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::platform::posix {

/// The names of one directory, found by their folded form as clients see them. About 10 octets and
/// the name itself for each entry. Not thread-safe.
class FoldedIndex {
 public:
  FoldedIndex() { clear(); }
  /// Adds a disk name; one that is there already changes nothing.
  void add(std::string_view disk_name);
  void remove(std::string_view disk_name);
  /// The disk name that is the same name to a client: exactly this one if it is there, else the
  /// first in octet order of those that differ in case only. `exact` is a disk name.
  std::optional<std::string> find(std::string_view exact) const;
  std::size_t size() const { return used_; }
  /// Memory held, octets.
  std::size_t bytes() const { return slots_.size() * sizeof(Slot) + arena_.capacity(); }
  void clear();

 private:
  struct Slot {
    std::uint32_t hash = 0;
    /// Into arena_: a length octet, then the name. kEmpty, kRemoved.
    std::uint32_t offset = kEmpty;
  };
  static constexpr std::uint32_t kEmpty = 0, kRemoved = 1;

  std::string_view name_at(std::uint32_t offset) const;
  void insert(std::uint32_t hash, std::string_view name);
  void rebuild();

  std::vector<Slot> slots_;
  std::string arena_;
  std::size_t used_ = 0;
  /// Slots that are not kEmpty.
  std::size_t filled_ = 0;
  /// Octets of arena_ that no slot leads to.
  std::size_t removed_octets_ = 0;
};

}  // namespace holdfast::platform::posix
