// SPDX-License-Identifier: Apache-2.0
#include "core/object/directory_leases.h"

namespace holdfast::core {

void DirectoryLeases::add(const ports::Vfs* vfs, const std::string& path, const ObjectId& object) {
  Lock lock(mutex_);
  directories_.emplace(std::pair(vfs, path), object);
  count_.store(directories_.size(), std::memory_order_relaxed);
}

void DirectoryLeases::remove(const ports::Vfs* vfs, const std::string& path,
                             const ObjectId& object) {
  Lock lock(mutex_);
  auto [first, last] = directories_.equal_range(std::pair(vfs, path));
  for (auto at = first; at != last; ++at) {
    if (!(at->second == object)) continue;
    directories_.erase(at);
    break;
  }
  count_.store(directories_.size(), std::memory_order_relaxed);
}

std::vector<ObjectId> DirectoryLeases::find(const ports::Vfs* vfs, const std::string& path) {
  std::vector<ObjectId> out;
  if (idle()) return out;
  Lock lock(mutex_);
  auto [first, last] = directories_.equal_range(std::pair(vfs, path));
  for (auto at = first; at != last; ++at)
    if (out.empty() || !(out.back() == at->second)) out.push_back(at->second);
  return out;
}

std::vector<ObjectId> DirectoryLeases::find_below(const ports::Vfs* vfs, const std::string& path) {
  Lock lock(mutex_);
  std::vector<ObjectId> out;
  for (const auto& [key, object] : directories_)
    if (key.first == vfs &&
        (path.empty() || key.second == path || key.second.starts_with(path + "/")))
      out.push_back(object);
  return out;
}

}  // namespace holdfast::core
