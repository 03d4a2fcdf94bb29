// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "base/limits.h"
#include "service/pipes/rpc_interface.h"
#include "wire/rpc/envelopes.h"

namespace holdfast::service::pipes {

/// Octets that a structure takes in an answer, at most.
struct AnswerSize {
  std::size_t size = 0;
  template <wire::rpc::ndr::Integer T>
  void field(const char*, const T&) {
    size += sizeof(T);
  }
  template <class T>
  void field(const char*, const std::optional<T>& x) {
    size += 4;
    if (x) size += 20 + 2 * x->size();
  }
};

/// Answers an enumeration: items from the resume handle on, as many as the client's preferred
/// maximum and the limits allow, one at least. The resume handle is an index into the items, which
/// therefore come in an order of their own. `make(item)` returns the Entry.
template <class Entry, class Item, class Make>
std::uint32_t answer_enumeration(Call& c, const wire::rpc::EnumRequest& q,
                                 const std::vector<Item>& items, Make&& make) {
  constexpr std::size_t kMostOctets = limits::kMaxRpcCall / 2;
  const std::size_t limit = std::min<std::size_t>(q.preferred_maximum_length, kMostOctets);
  const std::size_t start = std::min<std::size_t>(q.resume_handle.value_or(0), items.size());
  wire::rpc::EnumResponse<Entry> answer;
  answer.level = q.level;
  answer.total_entries = static_cast<std::uint32_t>(items.size() - start);
  AnswerSize taken;
  std::size_t i = start;
  for (; i < items.size(); ++i) {
    Entry entry = make(items[i]);
    entry.describe(taken);
    if (i != start && taken.size > limit) break;
    answer.entries.push_back(std::move(entry));
  }
  const bool more = i < items.size();
  answer.status = more ? net_status::kMoreData : net_status::kSuccess;
  if (q.resume_handle) answer.resume_handle = more ? static_cast<std::uint32_t>(i) : 0;
  write_enum_response(c.out, answer);
  return 0;
}

/// The answer without entries.
struct NoEntry {
  void describe(this auto&, auto&) {}
};
inline std::uint32_t refuse_enumeration(Call& c, const wire::rpc::EnumRequest& q,
                                        std::uint32_t status, bool knows_level = true) {
  if (!knows_level) {
    write_unknown_level(c.out, q, status);
    return 0;
  }
  wire::rpc::EnumResponse<NoEntry> answer;
  answer.level = q.level;
  answer.resume_handle = q.resume_handle;
  answer.status = status;
  write_enum_response(c.out, answer);
  return 0;
}

inline bool one_of(std::uint32_t level, std::initializer_list<std::uint32_t> levels) {
  return std::find(levels.begin(), levels.end(), level) != levels.end();
}

}  // namespace holdfast::service::pipes
