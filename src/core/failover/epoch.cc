// SPDX-License-Identifier: Apache-2.0
#include "core/failover/epoch.h"

#include <algorithm>
#include <utility>

namespace holdfast::core::failover {
namespace {

std::uint32_t bounded(std::uint32_t lease_ms) {
  return std::clamp(lease_ms, kMinLease_ms, kMaxLease_ms);
}

}  // namespace

/// Whether nobody else can be taking the epoch now: the holder was a process of this boot, is gone,
/// and renewed so lately (by this boot's clock) that every other machine still waits.
bool EpochTaker::is_ours(const std::optional<Epoch>& read, std::uint64_t now_us) const {
  if (!candidate_.holds_lock) return false;
  if (candidate_.only_machine) return true;
  if (!read || read->state != Epoch::State::kActive || read->boot.is_zero()) return false;
  if (read->boot != candidate_.boot || read->instance == candidate_.instance) return false;
  return now_us >= read->renewed_us &&
         now_us - read->renewed_us < std::uint64_t{bounded(read->lease_ms)} * 1000 / 2;
}

EpochTaker::Step EpochTaker::begin_write(const std::optional<Epoch>& read, std::uint64_t begun_us,
                                         NtTime now, Epoch::State as) {
  const std::uint64_t number = read ? read->number : 0;
  if (number == ~std::uint64_t{0}) return {Next::kLost, 0, {}};
  mine_ = Epoch{.number = number + 1,
                .instance = candidate_.instance,
                .boot = candidate_.boot,
                .lease_ms = bounded(candidate_.lease_ms),
                .renewals = 0,
                .state = as,
                .renewed_us = begun_us,
                .taken = now,
                .host = candidate_.host};
  state_ = State::kWriting;
  write_begun_us_ = begun_us;
  return {Next::kWrite, 0, mine_};
}

EpochTaker::Step EpochTaker::read(const std::optional<Epoch>& read, std::uint64_t begun_us,
                                  std::uint64_t now_us, NtTime now) {
  if (state_ == State::kSettling) {
    if (begun_us < settled_us_) return {Next::kWait, settled_us_, {}};
    if (read == mine_) return {Next::kTaken, write_begun_us_, mine_};
    return {Next::kLost, 0, {}};
  }
  if (begun_us < not_before_us_) return {Next::kWait, not_before_us_, {}};
  if (is_ours(read, begun_us)) return begin_write(read, begun_us, now, Epoch::State::kActive);
  if (!read || read->state == Epoch::State::kClean)
    return begin_write(read, begun_us, now, Epoch::State::kTaking);
  if (seen_ != read) {
    seen_ = read;
    seen_first_us_ = now_us;
  }
  // Who was about to take the epoch may have hidden the record of one who had taken it.
  std::uint32_t lease_ms = bounded(read->lease_ms);
  if (read->state == Epoch::State::kTaking)
    lease_ms = std::max(lease_ms, bounded(candidate_.lease_ms));
  const std::uint64_t lease = std::uint64_t{lease_ms} * 1000;
  const std::uint64_t over = seen_first_us_ + lease + lease / 8;
  // What was read is as old as the begin of the reading.
  if (begun_us >= over) return begin_write(read, begun_us, now, Epoch::State::kTaking);
  return {Next::kWait, std::max(now_us + 1, std::min(over, now_us + lease / 8)), {}};
}

EpochTaker::Step EpochTaker::written(std::uint64_t now_us) {
  if (now_us - write_begun_us_ > kTakeWindow_us) {
    state_ = State::kLooking;
    seen_.reset();
    const std::uint64_t lease = std::uint64_t{bounded(candidate_.lease_ms)} * 1000;
    not_before_us_ = now_us + lease + lease / 8;
    return {Next::kWait, not_before_us_, {}};
  }
  if (mine_.state == Epoch::State::kActive) return {Next::kTaken, write_begun_us_, mine_};
  state_ = State::kSettling;
  settled_us_ = now_us + kSettle_us;
  return {Next::kWait, settled_us_, {}};
}

std::optional<Epoch> EpochHolder::renewal(const std::optional<Epoch>& read,
                                          std::uint64_t begun_us) {
  if (!read || read->number != mine_.number || read->instance != mine_.instance) lost_ = true;
  if (lost_ || begun_us >= stop_us()) return std::nullopt;
  Epoch next = mine_;
  next.state = Epoch::State::kActive;
  next.renewed_us = begun_us;
  // What could not be confirmed as written may stand there nevertheless.
  next.renewals = std::max(mine_.renewals, read->renewals) + 1;
  return next;
}

void EpochHolder::renewed(const Epoch& written, std::uint64_t now_us) {
  if (now_us >= stop_us()) lost_ = true;
  if (lost_) return;
  mine_ = written;
  begun_us_ = std::max(begun_us_, written.renewed_us);
}

Epoch EpochHolder::release() const {
  Epoch last = mine_;
  last.state = Epoch::State::kClean;
  ++last.renewals;
  return last;
}

}  // namespace holdfast::core::failover
