// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "ports/vfs.h"
#include "sim/world/rng.h"

namespace holdfast::sim {

/// The octets of one stream: what a reader sees, and what would be left after a loss of power.
/// Pages that were never written are holes and read as zeros.
class Content {
 public:
  static constexpr std::uint64_t kPage = 4096;

  std::uint64_t size() const { return size_; }
  std::uint64_t allocated() const { return pages_.size() * kPage; }
  /// Octets read; fewer than asked for only at the end.
  std::size_t read(std::uint64_t offset, MutBytes out) const;
  void write(std::uint64_t offset, Bytes data);
  void truncate(std::uint64_t size);
  void zero(std::uint64_t offset, std::uint64_t length);
  std::vector<ports::Range> allocated_ranges(ports::Range range, std::size_t limit) const;

  /// All that was written survives a loss of power from now on.
  void sync();
  /// Octets that a loss of power might drop or tear: pages written since the last sync.
  const std::set<std::uint64_t>& unsynced_pages() const { return unsynced_; }
  std::uint64_t synced_size() const { return synced_size_; }
  /// The machine loses its power: of what was not synced, each page is dropped, torn (by sectors),
  /// or kept, and so is the size; what is left is on the disk. False: nothing was lost.
  bool lose_power(Rng& rng);

 private:
  using Page = std::array<std::uint8_t, kPage>;
  using PagePtr = std::shared_ptr<const Page>;
  void drop_page(std::uint64_t number);
  PagePtr torn_page(Rng& rng, std::uint64_t number) const;

  std::map<std::uint64_t, PagePtr> pages_;
  std::uint64_t size_ = 0;
  std::map<std::uint64_t, PagePtr> synced_;
  std::uint64_t synced_size_ = 0;
  std::set<std::uint64_t> unsynced_;
};

}  // namespace holdfast::sim
