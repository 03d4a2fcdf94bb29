// SPDX-License-Identifier: Apache-2.0
#include "core/object/create_replay.h"

namespace holdfast::core {

CreateReplayTable::Known CreateReplayTable::begin(const CreateKey& key) {
  Lock lock(mutex_);
  auto [entry, is_new] = opens_.try_emplace(key, OpenId{0});
  if (is_new) return {State::kNew, 0};
  return entry->second == 0 ? Known{State::kPending, 0} : Known{State::kDone, entry->second};
}

void CreateReplayTable::finish(const CreateKey& key, OpenId open) {
  Lock lock(mutex_);
  if (open != 0) {
    opens_[key] = open;
  } else if (auto found = opens_.find(key); found != opens_.end() && found->second == 0) {
    opens_.erase(found);
  }
}

void CreateReplayTable::forget(const CreateKey& key, OpenId open) {
  Lock lock(mutex_);
  if (auto found = opens_.find(key); found != opens_.end() && found->second == open)
    opens_.erase(found);
}

std::size_t CreateReplayTable::size() {
  Lock lock(mutex_);
  return opens_.size();
}

}  // namespace holdfast::core
