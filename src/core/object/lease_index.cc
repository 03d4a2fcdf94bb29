// SPDX-License-Identifier: Apache-2.0
#include "core/object/lease_index.h"

namespace holdfast::core {

bool LeaseIndex::bind(const LeaseId& lease, const ObjectId& object) {
  Lock lock(mutex_);
  auto [entry, is_new] = entries_.try_emplace(lease);
  if (is_new) entry->second.object = object;
  if (!(entry->second.object == object)) return false;
  ++entry->second.opens;
  return true;
}

void LeaseIndex::unbind(const LeaseId& lease) {
  Lock lock(mutex_);
  auto entry = entries_.find(lease);
  if (entry != entries_.end() && --entry->second.opens == 0) entries_.erase(entry);
}

std::optional<ObjectId> LeaseIndex::find(const LeaseId& lease) {
  Lock lock(mutex_);
  auto entry = entries_.find(lease);
  if (entry == entries_.end()) return std::nullopt;
  return entry->second.object;
}

void LeaseIndex::moved(const ObjectId& from, const ObjectId& to) {
  Lock lock(mutex_);
  for (auto& [lease, entry] : entries_)
    if (entry.object == from) entry.object = to;
}

}  // namespace holdfast::core
