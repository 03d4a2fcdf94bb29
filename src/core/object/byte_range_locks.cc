// SPDX-License-Identifier: Apache-2.0
#include "core/object/byte_range_locks.h"

#include <algorithm>

namespace holdfast::core {
namespace {

bool overflows(const ByteRangeLocks::Range& r) {
  return r.length != 0 && r.offset + (r.length - 1) < r.offset;
}

/// A range of length 0 lies between two octets: it meets a range that has octets on both sides of
/// it and no other range of length 0 (MS-FSA 2.1.4.10).
bool overlap(std::uint64_t a, std::uint64_t a_length, std::uint64_t b, std::uint64_t b_length) {
  if (a_length == 0 && b_length == 0) return false;
  if (a_length == 0) return b < a && a - b < b_length;
  if (b_length == 0) return a < b && b - a < a_length;
  return a <= b ? b - a < a_length : a - b < b_length;
}

}  // namespace

bool ByteRangeLocks::conflicts(OpenId open, const Range& range) const {
  return std::any_of(held_.begin(), held_.end(), [open, &range](const Held& h) {
    if (!range.exclusive && !h.range.exclusive) return false;
    // A handle may put shared locks over its own exclusive one, but not the other way round.
    if (!range.exclusive && h.open == open) return false;
    return overlap(range.offset, range.length, h.range.offset, h.range.length);
  });
}

NtStatus ByteRangeLocks::lock(OpenId open, const Range& range) {
  if (overflows(range)) return NtStatus::kInvalidLockRange;
  if (conflicts(open, range)) return NtStatus::kLockNotGranted;
  held_.push_back({range, open});
  return NtStatus::kSuccess;
}

NtStatus ByteRangeLocks::lock_or_wait(OpenId open, const Range& range, WaitToken token) {
  NtStatus status = lock(open, range);
  if (status != NtStatus::kLockNotGranted) return status;
  waiting_.push_back({range, open, token});
  return NtStatus::kPending;
}

NtStatus ByteRangeLocks::unlock(OpenId open, std::uint64_t offset, std::uint64_t length,
                                std::vector<Wake>& wakes) {
  auto found = held_.end();
  for (auto h = held_.begin(); h != held_.end(); ++h) {
    if (h->open != open || h->range.offset != offset || h->range.length != length) continue;
    found = h;
    if (h->range.exclusive) break;
  }
  if (found == held_.end()) return NtStatus::kRangeNotLocked;
  held_.erase(found);
  grant_waiting(wakes);
  return NtStatus::kSuccess;
}

void ByteRangeLocks::release(OpenId open, std::vector<Wake>& wakes) {
  std::erase_if(held_, [open](const Held& h) { return h.open == open; });
  std::erase_if(waiting_, [open, &wakes](const Waiting& w) {
    if (w.open != open) return false;
    wakes.push_back({w.token, NtStatus::kRangeNotLocked});
    return true;
  });
  grant_waiting(wakes);
}

bool ByteRangeLocks::cancel(WaitToken token) {
  return std::erase_if(waiting_, [token](const Waiting& w) { return w.token == token; }) != 0;
}

bool ByteRangeLocks::allows(OpenId open, std::uint64_t offset, std::uint64_t length,
                            bool write) const {
  if (length == 0) return true;
  return std::none_of(held_.begin(), held_.end(), [=](const Held& h) {
    if (!overlap(offset, length, h.range.offset, h.range.length)) return false;
    // A shared lock keeps everybody from writing, its owner too; an exclusive one only the others.
    return h.range.exclusive ? h.open != open : write;
  });
}

std::size_t ByteRangeLocks::held_by(OpenId open) const {
  return static_cast<std::size_t>(
      std::count_if(held_.begin(), held_.end(), [open](const Held& h) { return h.open == open; }));
}

std::vector<ByteRangeLocks::Range> ByteRangeLocks::of(OpenId open) const {
  std::vector<Range> ranges;
  for (const Held& h : held_)
    if (h.open == open) ranges.push_back(h.range);
  return ranges;
}

std::vector<ByteRangeLocks::Range> ByteRangeLocks::all() const {
  std::vector<Range> ranges;
  for (const Held& h : held_) ranges.push_back(h.range);
  return ranges;
}

void ByteRangeLocks::grant_waiting(std::vector<Wake>& wakes) {
  std::erase_if(waiting_, [this, &wakes](const Waiting& w) {
    if (conflicts(w.open, w.range)) return false;
    held_.push_back({w.range, w.open});
    wakes.push_back({w.token, NtStatus::kSuccess});
    return true;
  });
}

bool ByteRangeLocks::any_below(std::uint64_t size) const {
  return std::ranges::any_of(held_, [size](const Held& h) { return h.range.offset < size; });
}

}  // namespace holdfast::core
