// SPDX-License-Identifier: Apache-2.0
#include "core/path/tunnel_cache.h"

#include <algorithm>

#include "base/utf16.h"
#include "core/path/path.h"
#include "core/path/short_name.h"

namespace holdfast::core {

void TunnelCache::removed(const void* volume, std::string_view path, std::uint64_t now_us) {
  std::string_view name = last_component(path);
  std::string alias = short_name(name);
  if (alias.empty()) return;
  Entry entry{volume, std::string(parent_path(path)), fold_name(alias), std::string(name), now_us};
  Lock lock(mutex_);
  if (entries_.size() == kMaxEntries) entries_.pop_front();
  entries_.push_back(std::move(entry));
}

std::string TunnelCache::name_for(const void* volume, std::string_view path, std::uint64_t now_us) {
  std::string_view name = last_component(path);
  if (!looks_like_short_name(name)) return std::string(path);
  std::string_view directory = parent_path(path);
  std::string folded = fold_name(name);
  Lock lock(mutex_);
  while (!entries_.empty() && entries_.front().removed_us + kLifetime_us <= now_us)
    entries_.pop_front();
  // The last one that had it.
  auto found = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& e) {
    return e.volume == volume && e.short_name == folded && e.directory == directory;
  });
  if (found == entries_.rend()) return std::string(path);
  return found->directory.empty() ? found->long_name : found->directory + "/" + found->long_name;
}

}  // namespace holdfast::core
