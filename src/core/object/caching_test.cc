// SPDX-License-Identifier: Apache-2.0
#include "core/object/caching.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace holdfast::core {
namespace {

using wire::smb2::OplockLevel;
using namespace wire::smb2::LeaseState;

constexpr std::uint32_t R = kReadCaching, W = kWriteCaching, H = kHandleCaching;
constexpr std::uint32_t kOpens = wire::smb2::FileAccess::kReadData;

struct Cached : testing::Test {
  Cached() { caching.number_with(serials); }

  LeaseId lease(std::uint8_t n) {
    LeaseId id;
    id.client.octets[0] = 1;
    id.key.octets[0] = n;
    return id;
  }
  CachingRequest ask_lease(std::uint8_t n, std::uint32_t state, std::uint8_t version = 1) {
    CachingRequest q;
    q.level = OplockLevel::kLease;
    q.lease.id = lease(n);
    q.lease.state = state;
    q.lease.version = version;
    q.lease.epoch = 100;
    return q;
  }
  CachingRequest ask(OplockLevel level) {
    CachingRequest q;
    q.level = level;
    return q;
  }
  /// A CREATE without overwriting; true: it must wait.
  bool come(std::uint8_t lease_number = 0, bool overwrites = false) {
    StreamCaching::Actor actor{0, {}, overwrites ? ~0u : kOpens, {}};
    if (lease_number != 0) actor.lease = lease(lease_number);
    return caching.demand(actor, overwrites ? R | W : W, W, breaks);
  }
  std::uint32_t state_of(OpenId open) { return caching.held_by(open).lease.state; }

  std::uint64_t serials = 0;
  StreamCaching caching;
  std::vector<CacheBreak> breaks;
  std::vector<Wake> wakes;
};

TEST_F(Cached, AlonePeopleGetWhatTheyAskFor) {
  EXPECT_EQ(caching.grant(1, ask(OplockLevel::kBatch), false, false, kAll).level,
            OplockLevel::kBatch);
  caching.release(1, wakes);
  EXPECT_EQ(caching.grant(2, ask_lease(1, R | W | H), false, false, kAll).lease.state, R | W | H);
  caching.release(2, wakes);
  EXPECT_EQ(caching.grant(3, ask_lease(1, W | H), false, false, kAll).lease.state, 0u);
}

TEST_F(Cached, WhatIsSharedIsNotWritten) {
  EXPECT_EQ(caching.grant(1, ask(OplockLevel::kExclusive), true, false, kAll).level,
            OplockLevel::kII);
  EXPECT_EQ(caching.grant(2, ask_lease(1, R | W | H), true, false, kAll).lease.state, R);
  EXPECT_EQ(caching.grant(3, ask(OplockLevel::kII), true, false, kAll).level, OplockLevel::kII);
  EXPECT_EQ(caching.grant(4, ask(OplockLevel::kII), true, true, kAll).level, OplockLevel::kNone);
}

TEST_F(Cached, NobodyGetsMoreThanLocalProgramsLeave) {
  CachingRequest lease = ask_lease(1, R | W | H), oplock = ask(OplockLevel::kBatch);
  lease.local = oplock.local = R | H;
  EXPECT_EQ(caching.grant(1, lease, false, false, kAll).lease.state, R | H);
  caching.release(1, wakes);
  EXPECT_EQ(caching.grant(2, oplock, false, false, kAll).level, OplockLevel::kII);
  EXPECT_EQ(caching.all_held(), R);
  caching.release(2, wakes);
  lease.local = oplock.local = 0;
  EXPECT_EQ(caching.grant(3, lease, false, false, kAll).lease.state, 0u);
  EXPECT_EQ(caching.grant(4, oplock, false, false, kAll).level, OplockLevel::kNone);
}

TEST_F(Cached, ABreakWaitsForItsAcknowledgement) {
  caching.grant(1, ask_lease(1, R | W | H, 2), false, false, kAll);
  EXPECT_TRUE(come(2));
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].current_state, R | W | H);
  EXPECT_EQ(breaks[0].new_state, R | H);
  EXPECT_EQ(breaks[0].epoch, 102);
  EXPECT_TRUE(breaks[0].must_acknowledge);
  caching.wait(77);
  EXPECT_EQ(state_of(1), R | W | H);
  EXPECT_TRUE(caching.held_by(1).breaking);
  EXPECT_EQ(caching.acknowledge(lease(1), R | W, breaks, wakes), NtStatus::kRequestNotAccepted);
  EXPECT_TRUE(wakes.empty());
  EXPECT_EQ(caching.acknowledge(lease(1), R | H, breaks, wakes), NtStatus::kSuccess);
  ASSERT_EQ(wakes.size(), 1u);
  EXPECT_EQ(wakes[0].token, 77u);
  EXPECT_EQ(caching.acknowledge(lease(1), R | H, breaks, wakes), NtStatus::kUnsuccessful);
  EXPECT_EQ(caching.acknowledge(lease(9), 0, breaks, wakes), NtStatus::kObjectNameNotFound);
  EXPECT_FALSE(come(2));
}

TEST_F(Cached, WhoComesDuringABreakMakesItGoFurther) {
  caching.grant(1, ask_lease(1, R | W | H), false, false, kAll);
  EXPECT_TRUE(come());
  caching.wait(5);
  EXPECT_TRUE(come(0, true));
  EXPECT_EQ(breaks.size(), 1u);
  caching.acknowledge(lease(1), R | H, breaks, wakes);
  ASSERT_EQ(breaks.size(), 2u);
  EXPECT_EQ(breaks[1].new_state, R);
  EXPECT_TRUE(wakes.empty());
  caching.acknowledge(lease(1), R, breaks, wakes);
  ASSERT_EQ(breaks.size(), 3u);
  EXPECT_EQ(breaks[2].new_state, 0u);
  EXPECT_FALSE(breaks[2].must_acknowledge);
  EXPECT_EQ(wakes.size(), 1u);
  EXPECT_EQ(state_of(1), 0u);
}

TEST_F(Cached, HandleCachingIsAcknowledgedButNotWaitedForByWriters) {
  caching.grant(1, ask_lease(1, R | H), false, false, kAll);
  EXPECT_FALSE(come(0, true));
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_TRUE(breaks[0].must_acknowledge);
  EXPECT_EQ(state_of(1), R | H);
}

TEST_F(Cached, BatchOplocksGoToLevelTwo) {
  caching.grant(1, ask(OplockLevel::kBatch), false, false, kAll);
  EXPECT_TRUE(caching.demand({0, {}, kOpens, {}}, H, H, breaks));
  EXPECT_EQ(breaks.at(0).new_level, OplockLevel::kII);
  OplockLevel level = OplockLevel::kII;
  EXPECT_EQ(caching.acknowledge(1, level, breaks, wakes), NtStatus::kSuccess);
  EXPECT_EQ(caching.held_by(1).level, OplockLevel::kII);
  EXPECT_FALSE(caching.demand({2, {}, ~0u, {}}, R | W, W, breaks));
  EXPECT_EQ(caching.held_by(1).level, OplockLevel::kNone);
}

TEST_F(Cached, WhoDoesNotAnswerLosesEverything) {
  caching.grant(1, ask_lease(1, R | W | H), false, false, kAll);
  EXPECT_TRUE(come());
  caching.wait(3);
  std::uint64_t serial = breaks.at(0).serial;
  EXPECT_TRUE(caching.is_breaking(serial));
  EXPECT_TRUE(caching.give_up(serial, wakes));
  EXPECT_EQ(wakes.size(), 1u);
  EXPECT_EQ(state_of(1), 0u);
  EXPECT_FALSE(caching.give_up(serial, wakes));
}

TEST_F(Cached, TheLastCloseEndsABreak) {
  caching.grant(1, ask_lease(1, R | W), false, false, kAll);
  caching.grant(2, ask_lease(1, R | W), false, false, kAll);
  EXPECT_TRUE(come());
  caching.wait(3);
  caching.release(1, wakes);
  EXPECT_TRUE(wakes.empty());
  caching.release(2, wakes);
  EXPECT_EQ(wakes.size(), 1u);
  EXPECT_TRUE(caching.empty());
}

/// A world of clients that open, write, acknowledge, fall silent and close at random.
class Crowd {
 public:
  Crowd() { caching_.number_with(serials_); }

  void step() {
    int what = *rc::gen::inRange(0, 10);
    if (what < 4) {
      open();
    } else if (what < 6 && !opens_.empty()) {
      change(what == 4);
    } else if (what < 8 && !outstanding_.empty()) {
      answer(what == 7);
    } else if (!opens_.empty()) {
      auto at = any_open();
      caching_.release(at->first, wakes_);
      opens_.erase(at);
    }
    judge();
  }
  void end() {
    while (!outstanding_.empty()) {
      (void)caching_.give_up(outstanding_.begin()->first, wakes_);
      judge();
    }
    RC_ASSERT(waiting_.empty());
  }

 private:
  using Opens = std::map<OpenId, std::uint8_t>;  // -> lease number, 0: an oplock

  static LeaseId lease(std::uint8_t n) {
    LeaseId id;
    id.key.octets[0] = n;
    return id;
  }
  Opens::iterator any_open() {
    return std::next(opens_.begin(), *rc::gen::inRange<std::ptrdiff_t>(
                                         0, static_cast<std::ptrdiff_t>(opens_.size())));
  }
  void wait() {
    waiting_.push_back(next_token_);
    caching_.wait(next_token_++);
  }

  void open() {
    auto number = *rc::gen::inRange<std::uint8_t>(0, 4);
    bool overwrites = *rc::gen::arbitrary<bool>();
    StreamCaching::Actor actor;
    actor.access = overwrites ? ~0u : kOpens;
    CachingRequest q;
    q.level = *rc::gen::element(OplockLevel::kNone, OplockLevel::kII, OplockLevel::kBatch);
    if (number != 0) {
      actor.lease = lease(number);
      q.level = OplockLevel::kLease;
      q.lease.id = lease(number);
      q.lease.state = *rc::gen::inRange<std::uint32_t>(0, 8);
    }
    if (caching_.demand(actor, overwrites ? R | W : W, W, breaks_)) return wait();
    bool contended =
        std::ranges::any_of(opens_, [&](auto& o) { return number == 0 || o.second != number; });
    (void)caching_.grant(next_, q, contended, false, kAll);
    opens_[next_++] = number;
  }

  void change(bool data) {
    auto at = any_open();
    StreamCaching::Actor actor;
    actor.open = at->first;
    if (at->second != 0) actor.lease = lease(at->second);
    if (caching_.demand(actor, data ? R | W : H, data ? W : H, breaks_)) wait();
  }

  void answer(bool too_late) {
    CacheBreak b = outstanding_.begin()->second;
    if (too_late) {
      (void)caching_.give_up(b.serial, wakes_);
    } else if (b.is_lease) {
      RC_ASSERT(caching_.acknowledge(b.lease, b.new_state, breaks_, wakes_) == NtStatus::kSuccess);
    } else {
      OplockLevel level = b.new_level;
      RC_ASSERT(caching_.acknowledge(b.opens.front(), level, breaks_, wakes_) ==
                NtStatus::kSuccess);
    }
  }

  /// A break never raises; nobody is woken twice; beside write caching nobody caches.
  void judge() {
    for (const CacheBreak& b : breaks_) {
      RC_ASSERT((b.new_state & ~b.current_state) == 0u);
      RC_ASSERT(b.new_state != b.current_state);
      if (b.serial != 0) outstanding_[b.serial] = b;
    }
    for (const Wake& w : wakes_) RC_ASSERT(std::erase(waiting_, w.token) == 1u);
    breaks_.clear();
    wakes_.clear();
    std::erase_if(outstanding_, [&](auto& e) { return !caching_.is_breaking(e.first); });
    std::map<std::pair<bool, std::uint64_t>, std::uint32_t> holders;
    for (auto [open, number] : opens_)
      holders[{number != 0, number != 0 ? number : open}] = caching_.held_by(open).lease.state;
    std::erase_if(holders, [](auto& h) { return h.second == 0; });
    for (auto& [who, state] : holders)
      if ((state & W) != 0) RC_ASSERT(holders.size() == 1u);
  }

  std::uint64_t serials_ = 0;
  StreamCaching caching_;
  Opens opens_;
  std::vector<WaitToken> waiting_;
  std::map<std::uint64_t, CacheBreak> outstanding_;
  std::vector<CacheBreak> breaks_;
  std::vector<Wake> wakes_;
  OpenId next_ = 1;
  WaitToken next_token_ = 1;
};

RC_GTEST_PROP(CachingProperties, NobodyWaitsForEverAndOnlyOneWrites, ()) {
  Crowd crowd;
  for (int steps = *rc::gen::inRange(1, 60); steps > 0; --steps) crowd.step();
  crowd.end();
}

}  // namespace
}  // namespace holdfast::core
