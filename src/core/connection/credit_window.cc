// SPDX-License-Identifier: Apache-2.0
#include "core/connection/credit_window.h"

#include <algorithm>

namespace holdfast::core {
namespace {

// Grows on demand: an idle client that never asked for more than a few credits costs a few octets.
constexpr std::size_t kFirstSpan = 64;

}  // namespace

CreditWindow::CreditWindow(std::uint32_t max_credits)
    : max_credits_(max_credits), bits_(kFirstSpan, false) {}

bool CreditWindow::consume(std::uint64_t message_id, std::uint16_t charge) {
  std::uint64_t count = std::max<std::uint16_t>(charge, 1);
  if (message_id < begin_ || message_id >= end_ || count > end_ - message_id) return false;
  for (std::uint64_t id = message_id; id < message_id + count; ++id)
    if (used(id)) return false;
  for (std::uint64_t id = message_id; id < message_id + count; ++id)
    bits_[id % bits_.size()] = true;
  outstanding_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(count, outstanding_));
  while (begin_ < end_ && used(begin_)) {
    bits_[begin_ % bits_.size()] = false;
    ++begin_;
  }
  return true;
}

std::uint16_t CreditWindow::grant(std::uint16_t requested) {
  std::uint64_t span_left = 2ull * max_credits_ - (end_ - begin_);
  std::uint32_t room = max_credits_ - std::min(outstanding_, max_credits_);
  std::uint64_t wanted = std::max<std::uint16_t>(requested, 1);
  // A client without any credit left could never speak again.
  std::uint64_t granted = std::min<std::uint64_t>({wanted, room, span_left, 0xFFFF});
  if (granted == 0 && outstanding_ == 0 && span_left > 0) granted = 1;
  if (end_ - begin_ + granted > bits_.size()) {
    std::size_t span = bits_.size();
    while (span < end_ - begin_ + granted) span *= 2;
    std::vector<bool> bigger(span, false);
    for (std::uint64_t id = begin_; id < end_; ++id) bigger[id % span] = used(id);
    bits_ = std::move(bigger);
  }
  end_ += granted;
  outstanding_ += static_cast<std::uint32_t>(granted);
  return static_cast<std::uint16_t>(granted);
}

std::vector<std::uint32_t> CreditWindow::used() const {
  std::vector<std::uint32_t> out;
  for (std::uint64_t id = begin_; id < end_; ++id)
    if (used(id)) out.push_back(static_cast<std::uint32_t>(id - begin_));
  return out;
}

bool CreditWindow::restore(std::uint64_t begin, std::uint64_t end, std::uint32_t outstanding,
                           const std::vector<std::uint32_t>& used) {
  constexpr std::uint64_t kLargestSpan = 2ull * limits::kMaxCredits;
  if (end < begin || end - begin > kLargestSpan || outstanding > end - begin) return false;
  if (std::ranges::any_of(used, [&](std::uint32_t id) { return id >= end - begin; })) return false;
  std::size_t span = kFirstSpan;
  while (span < end - begin) span *= 2;
  std::vector<bool> bits(span, false);
  for (std::uint32_t id : used) bits[(begin + id) % span] = true;
  bits_ = std::move(bits);
  begin_ = begin;
  end_ = end;
  outstanding_ = outstanding;
  return true;
}

}  // namespace holdfast::core
