// SPDX-License-Identifier: Apache-2.0
#include "core/object/lock_cover.h"

#include <algorithm>

namespace holdfast::core {

CoveredRange local_part(const ByteRangeLocks::Range& range) {
  CoveredRange part;
  part.cover = range.exclusive ? LockCover::kExclusive : LockCover::kShared;
  part.begin = std::min(range.offset, kLockEnd);
  // No sum of the two, which may pass 2^64.
  part.end = range.length > kLockEnd - part.begin ? kLockEnd : part.begin + range.length;
  return part;
}

std::vector<CoveredRange> cover_of(const std::vector<ByteRangeLocks::Range>& locks,
                                   std::uint64_t begin, std::uint64_t end) {
  std::vector<CoveredRange> parts;
  std::vector<std::uint64_t> edges{begin, end};
  for (const ByteRangeLocks::Range& lock : locks) {
    CoveredRange part = local_part(lock);
    part.begin = std::max(part.begin, begin);
    part.end = std::min(part.end, end);
    if (part.begin >= part.end) continue;
    parts.push_back(part);
    edges.push_back(part.begin);
    edges.push_back(part.end);
  }
  std::ranges::sort(edges);
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  std::vector<CoveredRange> out;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    CoveredRange piece{edges[i], edges[i + 1], LockCover::kNone};
    for (const CoveredRange& part : parts)
      if (part.begin <= piece.begin && piece.end <= part.end)
        piece.cover = std::max(piece.cover, part.cover);
    if (!out.empty() && out.back().cover == piece.cover)
      out.back().end = piece.end;
    else
      out.push_back(piece);
  }
  return out;
}

}  // namespace holdfast::core
