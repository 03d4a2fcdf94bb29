// SPDX-License-Identifier: Apache-2.0
// What becomes of those who meet a persistent open whose connection is gone
// (docs/decisions/0006-who-waits-for-a-lost-persistent-open.md).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "core/object/open_table.h"

namespace holdfast::core {
namespace {

namespace Access = wire::smb2::FileAccess;
namespace Sharing = wire::smb2::ShareAccess;
using wire::smb2::OplockLevel;
using namespace wire::smb2::LeaseState;

constexpr std::uint32_t R = kReadCaching, W = kWriteCaching, H = kHandleCaching;
constexpr std::uint32_t kReads = Access::kReadData;
constexpr std::uint32_t kWrites = Access::kReadData | Access::kWriteData;

Guid guid(std::uint8_t first) {
  Guid g;
  g.octets[0] = first;
  return g;
}

struct LostOpens : ::testing::Test {
  OpenTable table;
  std::shared_ptr<Share> share = std::make_shared<Share>();
  std::shared_ptr<const ports::Identity> owner = std::make_shared<ports::Identity>();
  std::vector<Wake> wakes;

  OpenSpec spec(std::uint8_t client, std::uint32_t lease, std::uint32_t access,
                std::uint32_t share_access = Sharing::kAll) {
    OpenSpec s;
    s.session = client;
    s.tree = 1;
    s.connection = client;
    s.share = share;
    s.identity = owner;
    s.object = {{1, 1}, ""};
    s.path = "f";
    s.access = access;
    s.share_access = share_access;
    s.may_cache = kAll;
    s.allocation_size = 4096;
    s.client_guid = guid(client);
    s.create_guid = guid(++last_guid_);
    s.caching.level = OplockLevel::kLease;
    s.caching.lease = {{guid(client), guid(client)}, lease, 2, 0, {}};
    return s;
  }
  /// A persistent open of client 1, without its connection.
  EnterOutcome lost(std::uint32_t lease, std::uint32_t share_access = Sharing::kAll,
                    bool locked = false) {
    OpenSpec s = spec(1, lease, Access::kAll, share_access);
    Guid create_guid = s.create_guid;
    EnterOutcome out = table.enter(std::move(s), 0);
    EXPECT_EQ(out.status, NtStatus::kSuccess);
    EXPECT_EQ(out.caching.lease.state, lease);
    (void)table.make_durable(out.id, {DurableKind::kPersistent, 60'000});
    guids_[out.id] = create_guid;
    if (locked) EXPECT_EQ(table.lock(out.id, {{0, 1, true}}, 0, wakes), NtStatus::kSuccess);
    cut(out.id);
    return out;
  }
  void cut(OpenId id) {
    std::uint64_t expires_us;
    EXPECT_TRUE(table.disconnect(id, 0, expires_us));
  }
  Reclaim claim(OpenId id, std::uint16_t epoch = 128) {
    Reclaim c;
    c.persistent_id = table.find(id)->persistent_id;
    c.version2 = c.persistent = true;
    c.create_guid = guids_.at(id);
    c.client_guid = guid(1);
    c.lease_key = guid(1);
    c.lease_epoch = epoch;
    c.path = "f";
    c.session = 10;
    c.tree = 2;
    c.connection = 10;
    c.share = share;
    c.identity = owner;
    return c;
  }
  OpenTable::Reclaimed reclaim(OpenId id) {
    Result<OpenTable::Reclaimed> back = table.reclaim(claim(id));
    EXPECT_TRUE(back) << to_string(back.error());
    return std::move(*back);
  }
  BreakOutcome acknowledge(std::uint32_t state) {
    return table.acknowledge(LeaseId{guid(1), guid(1)}, state);
  }
  NtStatus come(std::uint32_t access, bool overwrites = false, WaitToken token = 0) {
    OpenSpec s = spec(2, kAll, access);
    s.overwrites = overwrites;
    EnterOutcome out = table.enter(std::move(s), token);
    EXPECT_TRUE(out.breaks.empty()) << "nobody can be told";
    return out.status;
  }

 private:
  std::uint8_t last_guid_ = 0;
  std::map<OpenId, Guid> guids_;
};

TEST_F(LostOpens, WithoutHandleCachingOthersAreRefused) {
  for (std::uint32_t lease : {0u, R, R | W}) {
    EnterOutcome first = lost(lease);
    for (std::uint32_t access : {kReads, kWrites, std::uint32_t{Access::kReadAttributes}})
      for (bool overwrites : {false, true})
        EXPECT_EQ(come(access, overwrites, 7), NtStatus::kFileNotAvailable) << lease;
    (void)reclaim(first.id);
    (void)table.close(first.id);
  }
}

TEST_F(LostOpens, LocksAreKeptOnlyBesideWriteCaching) {
  EnterOutcome first = lost(R | H, Sharing::kAll, true);
  EXPECT_EQ(come(kReads), NtStatus::kFileNotAvailable);
  (void)reclaim(first.id);
  (void)table.close(first.id);
  first = lost(kAll, Sharing::kAll, true);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
}

TEST_F(LostOpens, AreKnownAsLeftBehindToTheirOwnClientAlone) {
  EnterOutcome first = lost(kAll);
  OpenTable::LeftBehind by{guid(1), owner->sid, table.find(first.id)->persistent_id, {}, {}};
  EXPECT_EQ(table.left_behind(by), std::vector<OpenId>{first.id});
  OpenTable::LeftBehind other = by;
  other.client_guid = guid(2);
  EXPECT_TRUE(table.left_behind(other).empty()) << "of another client";
  other = by;
  other.owner = Sid{5, {21, 1}};
  EXPECT_TRUE(table.left_behind(other).empty()) << "of another user";
  other = by;
  ++other.persistent_id;
  EXPECT_TRUE(table.left_behind(other).empty()) << "another open";
  (void)reclaim(first.id);
  EXPECT_TRUE(table.left_behind(by).empty()) << "it is back";
}

TEST_F(LostOpens, AreKeptForLaterWithHandleCachingAndWithoutLocks) {
  OpenTable::LeftBehind by{guid(1), owner->sid, 0, ObjectId{{1, 1}, ""}, std::nullopt};
  for (std::uint32_t lease : {0u, R, R | W, R | H, kAll})
    for (bool locked : {false, true}) {
      EnterOutcome first = lost(lease, Sharing::kAll, locked);
      bool kept = (lease & H) != 0 && !locked;
      EXPECT_EQ(table.left_behind(by).size(), kept ? 1u : 0u) << lease << locked;
      OpenTable::LeftBehind other = by;
      other.lease_key = guid(1);
      EXPECT_TRUE(table.left_behind(other).empty()) << "its own lease asks";
      other.lease_key = guid(9);
      EXPECT_EQ(table.left_behind(other).size(), kept ? 1u : 0u);
      other.kept_for_later = ObjectId{{1, 1}, "s"};
      EXPECT_TRUE(table.left_behind(other).empty()) << "another stream";
      (void)table.close(first.id);
    }
}

TEST_F(LostOpens, GiveWayToTheirOwnClientWithNobodyInBetween) {
  EnterOutcome first = lost(kAll, 0);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
  // Its client comes anew, without the lease (Linux has no credits to spare for one, for a moment).
  OpenSpec again = spec(1, 0, kWrites, 0);
  again.caching = {};
  OpenTable::LeftBehind own{guid(1), owner->sid, 0, again.object, std::nullopt};
  EnterOutcome out = table.enter(std::move(again), 8, &own);
  EXPECT_EQ(out.status, NtStatus::kSuccess);
  ASSERT_EQ(out.gave_way.size(), 1u);
  EXPECT_EQ(out.gave_way[0].id, first.id);
  EXPECT_TRUE(out.gave_way[0].outcome.found);
  ASSERT_EQ(out.gave_way[0].outcome.wakes.size(), 1u);
  EXPECT_EQ(out.gave_way[0].outcome.wakes[0].token, 7u);
  EXPECT_EQ(come(kReads), NtStatus::kSharingViolation) << "whoever waited is too late";
  EXPECT_FALSE(table.find(first.id));
}

TEST_F(LostOpens, OfOthersGiveNoWay) {
  EnterOutcome first = lost(kAll);
  OpenSpec other = spec(2, kAll, kReads);
  OpenTable::LeftBehind own{guid(2), owner->sid, 0, other.object, guid(2)};
  EnterOutcome out = table.enter(std::move(other), 8, &own);
  EXPECT_EQ(out.status, NtStatus::kPending);
  EXPECT_TRUE(out.gave_way.empty());
  EXPECT_EQ(table.close(first.id).wakes.size(), 1u) << "it waits, once";
}

TEST_F(LostOpens, WriteCachingIsAskedBackOnce) {
  EnterOutcome first = lost(kAll);
  (void)reclaim(first.id);
  std::vector<BreakNotice> asked = table.end_write_caching(first.id);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].what.new_state, R | H);
  EXPECT_TRUE(asked[0].what.must_acknowledge);
  EXPECT_TRUE(table.end_write_caching(first.id).empty()) << "it is being asked";
  EXPECT_EQ(acknowledge(R | H).status, NtStatus::kSuccess);
  EXPECT_TRUE(table.end_write_caching(first.id).empty()) << "there is none";
  (void)table.close(first.id);
  EXPECT_TRUE(table.end_write_caching(first.id).empty()) << "it is closed";
}

TEST_F(LostOpens, WhatGoesWithHandleCachingIsLetInAtOnce) {
  EnterOutcome first = lost(R | H);
  EXPECT_EQ(come(kWrites), NtStatus::kSuccess);
  OpenTable::Reclaimed back = reclaim(first.id);
  EXPECT_EQ(back.caching.lease.state, R | H);
  EXPECT_EQ(back.caching.lease.epoch, 1) << "its own, it was never given back";
  EXPECT_TRUE(back.breaks.empty());
}

TEST_F(LostOpens, WhoNeedsTheCachedWritesWaitsForTheClient) {
  EnterOutcome first = lost(kAll);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
  EXPECT_EQ(table.held_by(first.id).lease.state, kAll);
  OpenTable::Reclaimed back = reclaim(first.id);
  EXPECT_EQ(back.caching.lease.state, kAll);
  EXPECT_EQ(back.caching.lease.epoch, 1);
  EXPECT_TRUE(back.caching.breaking);
  ASSERT_EQ(back.breaks.size(), 1u);
  EXPECT_EQ(back.breaks[0].what.current_state, kAll);
  EXPECT_EQ(back.breaks[0].what.new_state, R | H);
  EXPECT_EQ(back.breaks[0].what.epoch, 2);
  EXPECT_TRUE(back.breaks[0].what.must_acknowledge);
  EXPECT_EQ(back.breaks[0].sessions, std::vector<SessionId>{10});
  BreakOutcome answer = acknowledge(R | H);
  ASSERT_EQ(answer.wakes.size(), 1u);
  EXPECT_EQ(answer.wakes[0].token, 7u);
  EXPECT_EQ(answer.wakes[0].status, NtStatus::kSuccess);
  EXPECT_EQ(come(kReads), NtStatus::kSuccess);
}

TEST_F(LostOpens, ASharingViolationIsOneOnlyWhenTheClientSaysSo) {
  for (std::uint32_t lease : {R | H, kAll}) {
    EnterOutcome first = lost(lease, 0);
    EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
    OpenTable::Reclaimed back = reclaim(first.id);
    ASSERT_EQ(back.breaks.size(), 1u);
    EXPECT_EQ(back.breaks[0].what.new_state, lease & ~H);
    EXPECT_EQ(acknowledge(lease & ~H).wakes.size(), 1u);
    EXPECT_EQ(come(kReads), NtStatus::kSharingViolation);
    (void)table.close(first.id);
  }
}

TEST_F(LostOpens, WhoIsOverwrittenLearnsItWhenItIsBack) {
  EnterOutcome first = lost(R | H);
  OpenSpec s = spec(2, kAll, kReads);
  s.overwrites = true;
  EnterOutcome second = table.enter(std::move(s), 7);
  ASSERT_EQ(second.status, NtStatus::kSuccess);
  EXPECT_EQ(second.caching.lease.state, R | H);
  OpenTable::Reclaimed back = reclaim(first.id);
  EXPECT_EQ(back.caching.lease.state, R | H);
  ASSERT_EQ(back.breaks.size(), 1u);
  EXPECT_EQ(back.breaks[0].what.new_state, 0u);
}

TEST_F(LostOpens, WhatWasNotKeptIsAskedForAnew) {
  struct Case {
    std::uint32_t had;
    bool locked;
    std::uint32_t has;
    std::uint16_t epoch;
  };
  // Shared caching says by its epoch that others may have been there; what only one can have is
  // right still. smbtorture's reconnect-contended has these numbers.
  for (Case c : {Case{0, false, 0, 128}, Case{R, false, R, 129}, Case{R, true, 0, 128},
                 Case{R | H, true, 0, 128}, Case{R | W, false, R | W, 128},
                 Case{R | W, true, R | W, 128}, Case{kAll, true, kAll, 1}}) {
    EnterOutcome first = lost(c.had, Sharing::kAll, c.locked);
    OpenTable::Reclaimed back = reclaim(first.id);
    EXPECT_EQ(back.caching.lease.state, c.has) << c.had << c.locked;
    EXPECT_EQ(back.caching.lease.epoch, c.epoch) << c.had << c.locked;
    (void)table.close(first.id);
  }
}

TEST_F(LostOpens, AnEpochNeverGoesBack) {
  EnterOutcome first = lost(R);
  Result<OpenTable::Reclaimed> back = table.reclaim(claim(first.id, 0));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->caching.lease.epoch, 2) << "the client did not say its own";
}

TEST_F(LostOpens, WhenItsTimeIsOverWhoWaitedGoesOn) {
  EnterOutcome first = lost(kAll, 0);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
  ASSERT_TRUE(table.expire(first.id, ~0ull));
  CloseOutcome closed = table.close(first.id);
  ASSERT_EQ(closed.wakes.size(), 1u);
  EXPECT_EQ(closed.wakes[0].token, 7u);
  EXPECT_EQ(come(kReads), NtStatus::kSuccess);
}

TEST_F(LostOpens, TheTimeLimitOfABreakTakesNothingFromTheLost) {
  OpenSpec s = spec(1, kAll, Access::kAll);
  OpenId first = table.enter(std::move(s), 0).id;
  (void)table.make_durable(first, {DurableKind::kPersistent, 60'000});
  EnterOutcome second = table.enter(spec(2, kAll, kReads), 7);
  ASSERT_EQ(second.status, NtStatus::kPending);
  ASSERT_EQ(second.breaks.size(), 1u) << "told, but its connection is lost then";
  std::uint64_t serial = second.breaks[0].what.serial;
  EXPECT_TRUE(table.may_come_back(second.object, serial));
  cut(first);
  std::vector<Wake> woken;
  EXPECT_TRUE(table.give_up_break(second.object, serial, woken));
  EXPECT_TRUE(woken.empty());
  EXPECT_EQ(table.held_by(first).lease.state, kAll);
  EXPECT_TRUE(table.is_breaking(second.object, serial));
  EXPECT_EQ(table.record(first)->lease->state, kAll);
}

TEST_F(LostOpens, OneToldBeforeIsToldOnceMore) {
  EnterOutcome first = lost(kAll);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
  OpenTable::Reclaimed back = reclaim(first.id);
  std::uint64_t serial = back.breaks.at(0).what.serial;
  cut(first.id);
  EXPECT_EQ(come(kReads, false, 8), NtStatus::kPending);
  back = reclaim(first.id);
  ASSERT_EQ(back.breaks.size(), 1u);
  EXPECT_EQ(back.breaks[0].what.new_state, R | H);
  EXPECT_FALSE(table.is_breaking(first.object, serial)) << "the timer of the first one is void";
  EXPECT_EQ(acknowledge(R | H).wakes.size(), 2u);
}

TEST_F(LostOpens, TheOtherOpenOfALeaseMayBeLostStill) {
  EnterOutcome first = lost(kAll);
  // Two opens of one lease, both lost.
  (void)reclaim(first.id);
  EnterOutcome other = lost(kAll);
  cut(first.id);
  EXPECT_EQ(come(kReads, true, 7), NtStatus::kPending);
  OpenTable::Reclaimed back = reclaim(first.id);
  ASSERT_EQ(back.breaks.size(), 1u);
  EXPECT_EQ(back.breaks[0].what.new_state, 0u);
  BreakOutcome answer = acknowledge(0);
  ASSERT_EQ(answer.wakes.size(), 1u);
  EXPECT_EQ(answer.wakes[0].status, NtStatus::kFileNotAvailable) << "the other one keeps it off";
  back = reclaim(other.id);
  EXPECT_EQ(back.caching.lease.state, 0u);
  EXPECT_TRUE(back.breaks.empty());
  EXPECT_EQ(come(kReads, true), NtStatus::kSuccess);
}

TEST_F(LostOpens, AClientThatOpensAgainIsToldThere) {
  EnterOutcome first = lost(kAll);
  EXPECT_EQ(come(kReads, false, 7), NtStatus::kPending);
  OpenSpec s = spec(1, kAll, kReads);
  s.session = 11;
  EnterOutcome again = table.enter(std::move(s), 0);
  ASSERT_EQ(again.status, NtStatus::kSuccess) << "its own lease";
  ASSERT_EQ(again.breaks.size(), 1u);
  EXPECT_EQ(again.breaks[0].sessions.front(), 11u);
  EXPECT_EQ(acknowledge(R | H).wakes.size(), 1u);
}

TEST_F(LostOpens, AnOplockIsWaitedForToo) {
  for (OplockLevel level : {OplockLevel::kII, OplockLevel::kExclusive, OplockLevel::kBatch}) {
    OpenSpec s = spec(1, 0, Access::kAll);
    s.caching = {};
    s.caching.level = level;
    EnterOutcome first = table.enter(std::move(s), 0);
    ASSERT_EQ(first.caching.level, level);
    (void)table.make_durable(first.id, {DurableKind::kPersistent, 60'000});
    cut(first.id);
    bool waits = level == OplockLevel::kBatch;
    EXPECT_EQ(come(kReads, false, 7), waits ? NtStatus::kPending : NtStatus::kFileNotAvailable);
    (void)table.close(first.id);
  }
}

/// A crowd around one file, some of it lost.
class LostCrowd {
 public:
  void step() {
    switch (*rc::gen::inRange(0, 7)) {
      case 0: enter(); break;
      case 1: lose(); break;
      case 2: come_back(); break;
      case 3: answer(); break;
      case 4: lock(); break;
      case 5: close(); break;
      case 6: give_up(); break;
    }
    judge();
  }

  /// Everybody comes back, answers and leaves: nobody is left waiting.
  void end() {
    for (auto& [id, one] : opens_)
      if (one.lost) reclaim(id);
    for (judge(); !outstanding_.empty(); judge()) acknowledge(outstanding_.begin()->second);
    while (!opens_.empty()) close();
    RC_ASSERT(waiting_.empty());
    RC_ASSERT(table_.size() == 0u);
  }

 private:
  struct One {
    std::uint8_t client = 0;
    std::uint32_t access = 0;
    std::uint32_t share_access = 0;
    Guid create_guid;
    bool lost = false;
  };

  void enter() {
    One one;
    one.client = *rc::gen::inRange<std::uint8_t>(1, 4);
    one.access = *rc::gen::element(kReads, kWrites, kWrites | Access::kDelete);
    one.share_access = *rc::gen::element(+Sharing::kAll, +Sharing::kRead, 0u);
    one.create_guid = guid(++last_guid_);
    bool overwrites = *rc::gen::inRange(0, 4) == 0;
    OpenSpec s;
    s.session = one.client;
    s.share = share_;
    s.identity = owner_;
    s.object = object_;
    s.path = "f";
    s.access = one.access;
    s.share_access = one.share_access;
    s.overwrites = overwrites;
    s.may_cache = kAll;
    s.allocation_size = 4096;
    s.client_guid = guid(one.client);
    s.create_guid = one.create_guid;
    s.caching.level = OplockLevel::kLease;
    s.caching.lease = {{guid(one.client), guid(one.client)},
                       *rc::gen::element(0u, R, R | W, R | H, kAll),
                       2,
                       0,
                       {}};
    WaitToken token = next_token_++;
    EnterOutcome out = table_.enter(std::move(s), token);
    take(out);
    if (out.status == NtStatus::kPending) waiting_.push_back(token);
    if (out.status != NtStatus::kSuccess) return;
    (void)table_.make_durable(out.id, {DurableKind::kPersistent, 60'000});
    // Whoever is let in must go with all that may be reclaimed, and what they cache.
    for (auto& [id, other] : opens_) {
      if (other.client == one.client) continue;
      RC_ASSERT(!clash(one, other));
      if (!other.lost) continue;
      std::uint32_t held = table_.held_by(id).lease.state;
      RC_ASSERT((held & W) == 0u);
      RC_ASSERT((held & H) != 0u);
    }
    opens_[out.id] = one;
  }
  static bool clash(const One& a, const One& b) {
    auto needs = [](std::uint32_t access) {
      return ((access & Access::kReadData) != 0 ? Sharing::kRead : 0u) |
             ((access & Access::kWriteData) != 0 ? Sharing::kWrite : 0u) |
             ((access & Access::kDelete) != 0 ? Sharing::kDelete : 0u);
    };
    return (needs(a.access) & ~b.share_access) != 0 || (needs(b.access) & ~a.share_access) != 0;
  }
  std::map<OpenId, One>::iterator any() {
    return std::next(opens_.begin(), *rc::gen::inRange<std::ptrdiff_t>(
                                         0, static_cast<std::ptrdiff_t>(opens_.size())));
  }
  /// A client's connection is lost with all its opens.
  void lose() {
    if (opens_.empty()) return;
    std::uint8_t client = any()->second.client;
    for (auto& [id, one] : opens_) {
      if (one.client != client || one.lost) continue;
      std::uint32_t before = table_.held_by(id).lease.state;
      std::uint64_t expires_us;
      RC_ASSERT(table_.disconnect(id, 0, expires_us));
      RC_ASSERT(table_.held_by(id).lease.state == before);
      one.lost = true;
    }
    // What it was asked does not reach it any more.
    std::erase_if(outstanding_, [&](auto& b) { return b.second.lease.client == guid(client); });
  }
  void come_back() {
    if (opens_.empty()) return;
    if (auto at = any(); at->second.lost) reclaim(at->first);
  }
  void reclaim(OpenId id) {
    One& one = opens_[id];
    std::uint32_t before = table_.held_by(id).lease.state;
    Reclaim c;
    c.persistent_id = table_.find(id)->persistent_id;
    c.version2 = c.persistent = true;
    c.create_guid = one.create_guid;
    c.client_guid = guid(one.client);
    c.lease_key = guid(one.client);
    c.lease_epoch = 0;
    c.path = "f";
    c.session = one.client;
    c.share = share_;
    c.identity = owner_;
    Result<OpenTable::Reclaimed> back = table_.reclaim(c);
    RC_ASSERT(back.has_value());
    RC_ASSERT((back->caching.lease.state & ~before) == 0u);
    one.lost = false;
    take(*back);
  }
  void answer() {
    if (!outstanding_.empty()) acknowledge(outstanding_.begin()->second);
  }
  void acknowledge(CacheBreak b) {
    BreakOutcome out = table_.acknowledge(b.lease, b.new_state);
    RC_ASSERT(out.status == NtStatus::kSuccess);
    take(out);
  }
  void lock() {
    if (opens_.empty()) return;
    auto at = any();
    if (at->second.lost) return;
    std::vector<Wake> wakes;
    (void)table_.lock(at->first, {{0, 1, true}}, 0, wakes);
  }
  void close() {
    if (opens_.empty()) return;
    OpenId id = any()->first;
    if (opens_[id].lost) RC_ASSERT(table_.expire(id, ~0ull));
    CloseOutcome out = table_.close(id);
    opens_.erase(id);
    take(out);
  }
  /// The time limit of a break. A client that is there loses what it holds, a lost one nothing.
  void give_up() {
    if (opens_.empty()) return;
    auto at = any();
    std::uint32_t before = table_.held_by(at->first).lease.state;
    std::vector<Wake> wakes;
    for (std::uint64_t serial = 1; serial < 400; ++serial)
      (void)table_.give_up_break(object_, serial, wakes);
    if (at->second.lost && lost_whole(at->second.client))
      RC_ASSERT(table_.held_by(at->first).lease.state == before);
    wake(wakes);
  }
  bool lost_whole(std::uint8_t client) {
    for (auto& [id, one] : opens_)
      if (one.client == client && !one.lost) return false;
    return true;
  }

  template <class Outcome>
  void take(const Outcome& out) {
    for (const BreakNotice& notice : out.breaks) {
      RC_ASSERT(!notice.sessions.empty());
      bool reachable = false;
      for (SessionId session : notice.sessions) reachable = reachable || session != 0;
      RC_ASSERT(reachable);
      RC_ASSERT((notice.what.new_state & ~notice.what.current_state) == 0u);
      if (notice.what.serial != 0) outstanding_[notice.what.serial] = notice.what;
    }
    wake(out.wakes);
  }
  void wake(const std::vector<Wake>& wakes) {
    for (const Wake& w : wakes) RC_ASSERT(std::erase(waiting_, w.token) == 1u);
  }
  void judge() {
    std::erase_if(outstanding_, [&](auto& b) { return !table_.is_breaking(object_, b.first); });
    // Beside write caching nobody else caches.
    std::map<std::uint8_t, std::uint32_t> states;
    for (auto& [id, one] : opens_) states[one.client] |= table_.held_by(id).lease.state;
    std::erase_if(states, [](auto& s) { return s.second == 0; });
    for (auto& [client, state] : states)
      if ((state & W) != 0) RC_ASSERT(states.size() == 1u);
  }

  OpenTable table_;
  std::shared_ptr<Share> share_ = std::make_shared<Share>();
  std::shared_ptr<const ports::Identity> owner_ = std::make_shared<ports::Identity>();
  ObjectId object_{{1, 1}, ""};
  std::map<OpenId, One> opens_;
  std::vector<WaitToken> waiting_;
  std::map<std::uint64_t, CacheBreak> outstanding_;
  std::uint8_t last_guid_ = 0;
  WaitToken next_token_ = 1;
};

RC_GTEST_PROP(LostOpensProperties, NobodyGetsWhatMayBeReclaimed, ()) {
  LostCrowd crowd;
  for (int steps = *rc::gen::inRange(1, 80); steps > 0; --steps) crowd.step();
  crowd.end();
}

}  // namespace
}  // namespace holdfast::core
