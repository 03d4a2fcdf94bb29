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

  Open* find(OpenId id) { return opens.find(id & ~(0x3Full << kStripeShift)); }
  FileState& file_of(const Open& open) { return files[open.spec.object]; }
  NtStatus check(const ObjectId& object, std::uint32_t access, std::uint32_t share_access);
};

}  // namespace holdfast::core
