// SPDX-License-Identifier: Apache-2.0
#include "sim/vfs/content.h"

#include <algorithm>

namespace holdfast::sim {

std::size_t Content::read(std::uint64_t offset, MutBytes out) const {
  if (offset >= size_) return 0;
  std::size_t total = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  std::size_t done = 0;
  while (done < total) {
    std::uint64_t at = offset + done;
    std::size_t within = at % kPage;
    std::size_t take = std::min<std::size_t>(total - done, kPage - within);
    auto page = pages_.find(at / kPage);
    if (page == pages_.end()) {
      std::memset(out.data() + done, 0, take);
    } else {
      std::memcpy(out.data() + done, page->second->data() + within, take);
    }
    done += take;
  }
  return total;
}

void Content::write(std::uint64_t offset, Bytes data) {
  std::size_t done = 0;
  while (done < data.size()) {
    std::uint64_t at = offset + done;
    std::size_t within = at % kPage;
    std::size_t take = std::min<std::size_t>(data.size() - done, kPage - within);
    PagePtr& slot = pages_[at / kPage];
    // A new page each time: what was synced keeps the old one.
    auto fresh = slot == nullptr ? std::make_shared<Page>() : std::make_shared<Page>(*slot);
    std::memcpy(fresh->data() + within, data.data() + done, take);
    slot = std::move(fresh);
    unsynced_.insert(at / kPage);
    done += take;
  }
  size_ = std::max(size_, offset + data.size());
}

void Content::drop_page(std::uint64_t number) {
  pages_.erase(number);
  unsynced_.insert(number);
}

void Content::truncate(std::uint64_t size) {
  if (size < size_) {
    if (size % kPage != 0) zero(size, std::min(size_, size / kPage * kPage + kPage) - size);
    for (auto page = pages_.lower_bound((size + kPage - 1) / kPage); page != pages_.end();) {
      std::uint64_t number = page->first;
      ++page;
      drop_page(number);
    }
  }
  size_ = size;
}

void Content::zero(std::uint64_t offset, std::uint64_t length) {
  std::uint64_t end = std::min(size_, offset + length);
  for (auto page = pages_.lower_bound(offset / kPage); page != pages_.end();) {
    std::uint64_t number = page->first;
    ++page;
    std::uint64_t from = std::max(offset, number * kPage);
    std::uint64_t to = std::min(end, number * kPage + kPage);
    if (from >= to) break;
    if (to - from == kPage) {
      drop_page(number);
    } else {
      ByteVec zeros(static_cast<std::size_t>(to - from));
      std::uint64_t size = size_;
      write(from, zeros);
      size_ = size;
    }
  }
}

std::vector<ports::Range> Content::allocated_ranges(ports::Range range, std::size_t limit) const {
  std::vector<ports::Range> out;
  std::uint64_t end = std::min(size_, range.offset + range.length);
  for (auto page = pages_.lower_bound(range.offset / kPage); page != pages_.end(); ++page) {
    std::uint64_t from = std::max(range.offset, page->first * kPage);
    std::uint64_t to = std::min(end, page->first * kPage + kPage);
    if (from >= to) break;
    if (!out.empty() && out.back().offset + out.back().length == from) {
      out.back().length += to - from;
      continue;
    }
    if (out.size() == limit) {
      out.push_back({from, 0});
      break;
    }
    out.push_back({from, to - from});
  }
  return out;
}

void Content::sync() {
  for (std::uint64_t number : unsynced_) {
    auto page = pages_.find(number);
    if (page == pages_.end()) {
      synced_.erase(number);
    } else {
      synced_[number] = page->second;
    }
  }
  unsynced_.clear();
  synced_size_ = size_;
}

Content::PagePtr Content::torn_page(Rng& rng, std::uint64_t number) const {
  constexpr std::size_t kSector = 512;
  auto old = synced_.find(number);
  auto fresh = pages_.find(number);
  auto torn = std::make_shared<Page>();
  for (std::size_t at = 0; at < kPage; at += kSector) {
    const auto& from = rng.one_in(2) ? old : fresh;
    bool there = from != (&from == &old ? synced_.end() : pages_.end());
    if (there) std::copy_n(from->second->begin() + at, kSector, torn->begin() + at);
  }
  return torn;
}

bool Content::lose_power(Rng& rng) {
  if (unsynced_.empty() && size_ == synced_size_) return false;
  bool lost = false;
  for (std::uint64_t number : unsynced_) {
    std::uint64_t fate = rng.below(3);
    if (fate == 0) continue;
    lost = true;
    if (fate == 1) {
      pages_[number] = torn_page(rng, number);
    } else if (auto old = synced_.find(number); old != synced_.end()) {
      pages_[number] = old->second;
    } else {
      pages_.erase(number);
    }
  }
  if (size_ != synced_size_ && rng.one_in(2)) {
    lost = true;
    truncate(synced_size_);
  }
  sync();
  return lost;
}

}  // namespace holdfast::sim
