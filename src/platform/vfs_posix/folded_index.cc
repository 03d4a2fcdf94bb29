// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/folded_index.h"

#include "base/assert.h"
#include "base/utf16.h"
#include "platform/vfs_posix/names.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::size_t kFirstSize = 16;

std::string folded(std::string_view disk) { return fold_name(to_wire(disk)); }

std::uint32_t hash_of(const std::string& fold) {
  std::uint64_t h = std::hash<std::string>{}(fold);
  return static_cast<std::uint32_t>(h ^ h >> 32);
}

}  // namespace

void FoldedIndex::clear() {
  slots_.assign(kFirstSize, Slot{});
  // Offsets 0 and 1 stand for no name.
  arena_.assign(2, '\0');
  used_ = filled_ = removed_octets_ = 0;
}

std::string_view FoldedIndex::name_at(std::uint32_t offset) const {
  return {arena_.data() + offset + 1, static_cast<std::uint8_t>(arena_[offset])};
}

void FoldedIndex::insert(std::uint32_t hash, std::string_view name) {
  HF_ASSERT(name.size() <= 255 && arena_.size() < UINT32_MAX - 256);
  std::size_t mask = slots_.size() - 1, i = hash & mask;
  while (slots_[i].offset > kRemoved) i = (i + 1) & mask;
  if (slots_[i].offset == kEmpty) ++filled_;
  slots_[i] = {hash, static_cast<std::uint32_t>(arena_.size())};
  arena_ += static_cast<char>(name.size());
  arena_ += name;
  ++used_;
}

void FoldedIndex::rebuild() {
  std::vector<Slot> old_slots = std::move(slots_);
  std::string old_arena = std::move(arena_);
  std::size_t wanted = kFirstSize;
  while (wanted * 3 < used_ * 6) wanted *= 2;
  slots_.assign(wanted, Slot{});
  arena_.clear();
  arena_.reserve(old_arena.size());
  arena_.assign(2, '\0');
  used_ = filled_ = removed_octets_ = 0;
  for (const Slot& s : old_slots) {
    if (s.offset <= kRemoved) continue;
    auto length = static_cast<std::uint8_t>(old_arena[s.offset]);
    insert(s.hash, std::string_view(old_arena).substr(s.offset + 1, length));
  }
}

void FoldedIndex::add(std::string_view name) {
  if (name.empty() || name.size() > 255) return;
  std::uint32_t hash = hash_of(folded(name));
  std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].offset != kEmpty; i = (i + 1) & mask)
    if (slots_[i].hash == hash && slots_[i].offset != kRemoved && name_at(slots_[i].offset) == name)
      return;
  bool wasteful = removed_octets_ > 4096 && removed_octets_ * 2 > arena_.size();
  if ((filled_ + 1) * 4 > slots_.size() * 3 || wasteful) rebuild();
  insert(hash, name);
}

void FoldedIndex::remove(std::string_view name) {
  std::uint32_t hash = hash_of(folded(name));
  std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].offset != kEmpty; i = (i + 1) & mask) {
    if (slots_[i].hash != hash || slots_[i].offset == kRemoved || name_at(slots_[i].offset) != name)
      continue;
    slots_[i].offset = kRemoved;
    removed_octets_ += name.size() + 1;
    --used_;
    return;
  }
}

std::optional<std::string> FoldedIndex::find(std::string_view exact) const {
  std::string fold = folded(exact);
  std::uint32_t hash = hash_of(fold);
  std::size_t mask = slots_.size() - 1;
  std::optional<std::string_view> best;
  for (std::size_t i = hash & mask; slots_[i].offset != kEmpty; i = (i + 1) & mask) {
    if (slots_[i].hash != hash || slots_[i].offset == kRemoved) continue;
    std::string_view name = name_at(slots_[i].offset);
    if (name == exact) return std::string(name);
    if ((!best || name < *best) && folded(name) == fold) best = name;
  }
  if (!best) return std::nullopt;
  return std::string(*best);
}

}  // namespace holdfast::platform::posix
