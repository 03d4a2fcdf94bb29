// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/object/open_table.h"

/// What OpenTable holds, for the files that implement it.
namespace holdfast::core {

/// The stripe stands in the top bits of the slot's part of an id.
inline constexpr int kStripeShift = 26;

struct ObjectHash {
  std::size_t operator()(const ObjectId& o) const {
    return static_cast<std::size_t>(o.key.inode * 0x9E3779B97F4A7C15ull ^ o.key.device) ^
           std::hash<std::string>{}(o.stream);
  }
};

struct OpenTable::Open {
  OpenSpec spec;
  std::uint64_t persistent_id = 0;
  std::shared_ptr<DirectoryScan> scan;
  OpenLife life;
};

/// What the opens of one stream of one file share.
struct OpenTable::FileState {
  std::vector<OpenId> opens;
  bool delete_pending = false;
  /// The last open is closed and the name is being removed.
  bool removing = false;
  ByteRangeLocks locks;
};

struct OpenTable::Stripe {
  Mutex mutex;
  SlotMap<Open> opens;
  std::unordered_map<ObjectId, FileState, ObjectHash> files;
  std::uint64_t number = 0;
  /// By persistent id, those that no session has.
  std::unordered_map<std::uint64_t, OpenId> disconnected;

  Open* find(OpenId id) { return opens.find(id & ~(0x3Full << kStripeShift)); }
  FileState& file_of(const Open& open) { return files[open.spec.object]; }
  OpenId id_of(OpenId slot) const { return slot | number << kStripeShift; }
  NtStatus check(const ObjectId& object, std::uint32_t access, std::uint32_t share_access);
  bool outlives_connection(const Open& open) const;
  static bool knows_lock_sequence(const Open& open, bool multichannel);
};

template <class Visit>
void OpenTable::for_each_open(Visit&& visit) {
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    stripe->opens.for_each(
        [&](std::uint64_t slot, Open& open) { visit(stripe->id_of(slot), open, *stripe); });
  }
}

/// Do two opens, with these rights and these shares, not go together (MS-FSA 2.1.5.1.2.2)?
bool share_modes_conflict(std::uint32_t access_a, std::uint32_t share_a, std::uint32_t access_b,
                          std::uint32_t share_b);

}  // namespace holdfast::core
