// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/guid.h"
#include "base/nt_time.h"

/// Who may serve a volume: one instance at a time, by a record on the volume itself that its holder
/// renews.
///
/// No clock of one machine is compared with one of another. A holder counts its lease from before
/// it began to write a renewal; whoever wants to take over counts from when it first read that
/// renewal, which is later; and each keeps a margin of an eighth, for clocks that run at different
/// speeds and for what is on its way to the disk.
///
/// Decisions only: reading, writing and waiting are the caller's, as are the times, which are
/// Clock::monotonic_us().
namespace holdfast::core::failover {

/// The record (wire/state has its octets).
struct Epoch {
  std::uint64_t number = 0;
  /// Made at the start of a process; made at the boot of a machine.
  Guid instance, boot;
  std::uint32_t lease_ms = 0;
  std::uint64_t renewals = 0;
  enum class State : std::uint8_t {
    /// The holder has ended in order.
    kClean = 1,
    kActive = 2,
    /// The holder does not serve yet: another may be taking the same epoch.
    kTaking = 3,
  };
  State state = State::kClean;
  /// When it was begun to be written, by Clock::monotonic_us(); means something on that boot only.
  std::uint64_t renewed_us = 0;
  NtTime taken;
  std::string host;
  bool operator==(const Epoch&) const = default;
};

/// Bounds of a lease time; what is read beyond them counts as the bound.
inline constexpr std::uint32_t kMinLease_ms = 1'000;
inline constexpr std::uint32_t kMaxLease_ms = 300'000;
/// A write must be durable within kTakeWindow_us of the reading that it is based on; who has
/// written reads again after kSettle_us, when every other such write is there or too late.
inline constexpr std::uint64_t kTakeWindow_us = 500'000;
inline constexpr std::uint64_t kSettle_us = 1'000'000;

/// Who asks.
struct Candidate {
  Guid instance, boot;
  std::string host;
  /// The same for all servers of a volume.
  std::uint32_t lease_ms = 10'000;
  /// This process holds the volume's lock file, so no other process of this machine serves.
  bool holds_lock = false;
  /// No other machine can reach the volume, so that nothing has to be waited for.
  bool only_machine = false;
};

/// Takes the epoch for a server that starts: asks for reading, waiting, writing, until it has it.
///
/// At once: from a process of this boot that is gone (its lock is ours) while its lease still keeps
/// other machines off. Else two that start together may both write; the later write wins, and both
/// read again when each write that was based on the same reading must have ended, so that one of
/// them learns that it lost.
class EpochTaker {
 public:
  enum class Next : std::uint8_t {
    /// Wait until Step::at_us and read again.
    kWait,
    /// Write Step::write, and report to written() when it is durable.
    kWrite,
    /// The epoch is taken: EpochHolder(Step::write, Step::at_us).
    kTaken,
    /// Somebody else took it meanwhile, or the number cannot be raised any more.
    kLost,
  };
  struct Step {
    Next next = Next::kWait;
    std::uint64_t at_us = 0;
    Epoch write;
  };

  explicit EpochTaker(Candidate candidate) : candidate_(std::move(candidate)) {}

  /// `read`: what the volume holds, nullopt: nothing yet. The reading began at begun_us and ended
  /// at now_us; `now`: the wall clock, for people.
  Step read(const std::optional<Epoch>& read, std::uint64_t begun_us, std::uint64_t now_us,
            NtTime now);
  /// The write that was asked for is durable.
  Step written(std::uint64_t now_us);

  /// Why it waits, for people: the epoch that is in the way.
  const std::optional<Epoch>& in_the_way() const { return seen_; }

 private:
  enum class State : std::uint8_t { kLooking, kWriting, kSettling };
  Step begin_write(const std::optional<Epoch>& read, std::uint64_t begun_us, NtTime now,
                   Epoch::State as);
  bool is_ours(const std::optional<Epoch>& read, std::uint64_t now_us) const;

  Candidate candidate_;
  State state_ = State::kLooking;
  std::optional<Epoch> seen_;
  std::uint64_t seen_first_us_ = 0;
  Epoch mine_;
  std::uint64_t write_begun_us_ = 0;
  std::uint64_t settled_us_ = 0;
  /// A write of ours came too late and may have hidden another's: nothing is free before this.
  std::uint64_t not_before_us_ = 0;
};

/// Whether an instance that has taken an epoch may go on serving.
class EpochHolder {
 public:
  /// `begun_us`: when the reading began that the taking was based on.
  EpochHolder(Epoch mine, std::uint64_t begun_us) : mine_(std::move(mine)), begun_us_(begun_us) {}

  /// What is to be written next, after reading `read`, by a write that begins now; nullopt: the
  /// epoch is another's, and this instance must stop at once.
  std::optional<Epoch> renewal(const std::optional<Epoch>& read, std::uint64_t begun_us);
  /// The renewal is durable. One that took until stop_us() does not count: whoever waits may have
  /// read the volume before it was there.
  void renewed(const Epoch& written, std::uint64_t now_us);
  /// What is written last, when everything has been stopped.
  Epoch release() const;

  /// When to renew: so early that a process which is killed just before, and started again within a
  /// quarter of the lease, is still known as the holder's successor (EpochTaker).
  std::uint64_t renew_us() const { return begun_us_ + lease_us() / 8; }
  /// From then on nothing may be written any more: whoever waits begins an eighth of the lease
  /// after it is over, and this is an eighth before.
  std::uint64_t stop_us() const { return begun_us_ + lease_us() - lease_us() / 8; }
  bool may_serve(std::uint64_t now_us) const { return !lost_ && now_us < stop_us(); }
  const Epoch& epoch() const { return mine_; }

 private:
  std::uint64_t lease_us() const { return std::uint64_t{mine_.lease_ms} * 1000; }
  Epoch mine_;
  std::uint64_t begun_us_;
  bool lost_ = false;
};

}  // namespace holdfast::core::failover
