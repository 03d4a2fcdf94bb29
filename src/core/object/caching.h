// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/guid.h"
#include "core/object/byte_range_locks.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

/// A lease: which client calls it what (MS-SMB2 3.3.1.11, 3.3.1.12).
struct LeaseId {
  Guid client;
  Guid key;
  auto operator<=>(const LeaseId&) const = default;
};

struct LeaseRequest {
  LeaseId id;
  /// LeaseState bits.
  std::uint32_t state = 0;
  std::uint8_t version = 1;
  std::uint16_t epoch = 0;
  /// Version 2: the key of the directory's lease, if the client said so.
  std::optional<Guid> parent;
};

/// What CREATE asks for: an oplock, or with level kLease a lease.
struct CachingRequest {
  wire::smb2::OplockLevel level = wire::smb2::OplockLevel::kNone;
  LeaseRequest lease;
  /// LeaseState bits that programs on this machine leave to clients; of files that nobody watches
  /// over, all.
  std::uint32_t local = wire::smb2::LeaseState::kAll;
};

/// What an open got.
struct CachingGrant {
  wire::smb2::OplockLevel level = wire::smb2::OplockLevel::kNone;
  /// With level kLease, as the response says it (MS-SMB2 2.2.14.2.10, 2.2.14.2.11): version and
  /// epoch are the lease's, which may have been made by a request of the other version.
  LeaseRequest lease;
  bool breaking = false;
};

/// One break to be told to a client (MS-SMB2 3.3.4.6, 3.3.4.7).
struct CacheBreak {
  bool is_lease = false;
  /// The oplock's open; of a lease the opens that hold it, the newest first.
  std::vector<OpenId> opens;
  wire::smb2::OplockLevel new_level = wire::smb2::OplockLevel::kNone;
  LeaseId lease;
  std::uint32_t current_state = 0;
  std::uint32_t new_state = 0;
  std::uint16_t epoch = 0;
  bool must_acknowledge = false;
  /// Names this break until it is over; 0 when nobody waits for its acknowledgement.
  std::uint64_t serial = 0;
};

/// Whether those who hold something can be asked for it.
class Reach {
 public:
  virtual ~Reach() = default;
  /// None of these opens has a connection, and one of them is persistent: nobody can be told
  /// anything, and nobody may take what they have (MS-SMB2 3.3.5.9).
  virtual bool is_lost(const std::vector<OpenId>& opens) = 0;
};

/// Who caches what of one stream of one file: oplocks and leases as one kind of thing, a holder
/// with Read, Write and Handle caching (MS-FSA 2.1.1.10, 2.1.4.12, 2.1.5.18). A level II oplock is
/// R, an exclusive one RW, a batch oplock RWH. Not thread-safe: its stripe's lock protects it.
///
/// A break that must be acknowledged leaves the holder's state as it was until the acknowledgement,
/// the time limit, or the last close. Whoever needs less than that state waits, and decides again
/// when it is woken.
///
/// A holder that is lost (Reach) keeps what it has. What is demanded of it that it would have to
/// acknowledge is held back until it can be told; who needs it waits as long.
class StreamCaching {
 public:
  /// One who does something: an open, with its lease if it has one. Nobody breaks his own.
  struct Actor {
    OpenId open = 0;
    std::optional<LeaseId> lease;
    /// Access of a CREATE: opens for attributes only break nothing. All ones: not a CREATE.
    std::uint32_t access = ~0u;
    /// The key of the lease that the client says it holds of the directory (MS-SMB2 2.2.13.2.10):
    /// it knows what it changes there. Whatever the client's name (as smbtorture's dirlease tests
    /// tell of Windows).
    std::optional<Guid> directory_key;
  };

  /// Where the numbers of breaks come from: never the same one twice, although streams come and go.
  void number_with(std::uint64_t& last_serial, Reach* reach = nullptr) {
    last_serial_ = &last_serial;
    reach_ = reach;
  }

  /// Takes these caching bits away from everybody else. True: the caller has to wait, because
  /// somebody has not let go of one of wait_for yet.
  bool demand(const Actor& actor, std::uint32_t bits, std::uint32_t wait_for,
              std::vector<CacheBreak>& breaks);

  /// What the open gets (MS-SMB2 3.3.5.9.8, MS-FSA 2.1.5.18). contended: others have the stream
  /// open for more than its attributes. locked: byte-range locks forbid shared caching.
  /// may_cache: LeaseState bits that the object can have at all.
  CachingGrant grant(OpenId open, const CachingRequest& request, bool contended, bool locked,
                     std::uint32_t may_cache);

  /// A lost holder is about to be reached again, through this open. kept: its caching was kept for
  /// it, and goes on as it was. Otherwise nobody was let in beside it; caching that only one can
  /// have is still right then, and caching that is shared is asked for anew: `locked`, byte-range
  /// locks forbid it, and its epoch tells the client that others may have been there. epoch: of the
  /// client's lease, if it says so; a lease that was not kept goes on from the later one
  /// (smbtorture's reconnect-contended tells what Windows does).
  void reclaimed(OpenId open, bool kept, bool locked, std::optional<std::uint16_t> epoch,
                 std::vector<Wake>& wakes);
  /// Whatever was held back from somebody who can be reached by now.
  void tell_held_back(std::vector<CacheBreak>& breaks);

  /// What an open of an earlier instance had. Of opens with one lease the latest epoch counts.
  void restore(OpenId open, const CachingRequest& had);

  /// A break under way, as another binary of the server has to know it.
  struct Breaking {
    std::uint32_t to = 0;
    /// After that one.
    std::uint32_t wanted = 0;
    /// False: it is held back until its client can be told.
    bool told = true;
  };
  std::optional<Breaking> breaking(OpenId open) const;
  /// Goes on with a break of what restore() has entered. The serial of the break, or 0 when it was
  /// known already, from another open with the lease.
  std::uint64_t restore_break(OpenId open, const Breaking& breaking);

  /// MS-SMB2 3.3.5.22.1. `level` becomes what the open has.
  NtStatus acknowledge(OpenId open, wire::smb2::OplockLevel& level, std::vector<CacheBreak>& breaks,
                       std::vector<Wake>& wakes);
  /// MS-SMB2 3.3.5.22.2.
  NtStatus acknowledge(const LeaseId& lease, std::uint32_t state, std::vector<CacheBreak>& breaks,
                       std::vector<Wake>& wakes);
  /// The client did not answer in time, or cannot be told: it has nothing any more (MS-SMB2
  /// 3.3.6.1). False: that break is over.
  /// A lost holder has all the time until it is reclaimed or closed.
  bool give_up(std::uint64_t serial, std::vector<Wake>& wakes);
  bool is_breaking(std::uint64_t serial) const;
  /// The open is closed.
  void release(OpenId open, std::vector<Wake>& wakes);

  /// enters: it is a CREATE that waits.
  void wait(WaitToken token, bool enters = false) {
    waiting_.push_back(token);
    if (enters) entering_.push_back(token);
  }
  /// Those of the waiting that are CREATEs.
  const std::vector<WaitToken>& entering() const { return entering_; }
  bool cancel(WaitToken token) {
    std::erase(entering_, token);
    return std::erase(waiting_, token) != 0;
  }
  void wake_all(std::vector<Wake>& wakes);

  /// What the open has now.
  CachingGrant held_by(OpenId open) const;
  /// It caches what it writes: nobody else has the stream open for its data.
  bool may_write_behind(OpenId open) const;
  /// The open and those that share its lease.
  std::vector<OpenId> partners(OpenId open) const;
  /// The opens whose caching this break is of.
  std::vector<OpenId> asked(std::uint64_t serial) const;
  /// What anybody has: LeaseState bits. During a break what he had before.
  std::uint32_t all_held() const;
  bool empty() const { return holders_.empty(); }

 private:
  struct Holder {
    std::optional<LeaseId> lease;
    std::vector<OpenId> opens;
    /// Of an oplock. Of a lease always kLease.
    wire::smb2::OplockLevel level = wire::smb2::OplockLevel::kNone;
    std::uint32_t state = 0;
    std::uint8_t version = 1;
    std::uint16_t epoch = 0;
    std::optional<Guid> parent;
    /// Not 0: a break is under way to breaking_to, and after it one to wanted if that is less.
    std::uint64_t serial = 0;
    std::uint32_t breaking_to = 0;
    std::uint32_t wanted = 0;
    /// The break was told, not held back.
    bool told = false;

    bool breaking() const { return serial != 0; }
    bool is(const Actor& actor) const;
    std::uint32_t without(std::uint32_t bits) const;
  };

  void begin(Holder& holder, std::uint32_t to, bool follows_another,
             std::vector<CacheBreak>& breaks);
  void tell(Holder& holder, std::uint32_t to, bool follows_another,
            std::vector<CacheBreak>& breaks);
  bool is_lost(const Holder& holder) const {
    return reach_ != nullptr && reach_->is_lost(holder.opens);
  }
  void finish(Holder& holder, std::uint32_t state, std::vector<CacheBreak>& breaks,
              std::vector<Wake>& wakes);
  std::uint32_t grantable(const CachingRequest& request, const Actor& actor, bool contended,
                          bool locked) const;
  static CachingGrant grant_of(const Holder& holder);
  Holder* holder_of(const LeaseId& lease);
  Holder* holder_of(OpenId open);
  void take(Holder& holder, std::uint32_t state);

  std::vector<Holder> holders_;
  std::vector<WaitToken> waiting_;
  std::vector<WaitToken> entering_;
  std::uint64_t* last_serial_ = nullptr;
  Reach* reach_ = nullptr;
};

/// An open that only looks at or changes attributes takes part in no caching (MS-FSA 2.1.4.12); for
/// leases that includes reading the descriptor, as Windows has it.
bool is_attribute_open(std::uint32_t access, bool for_lease);

}  // namespace holdfast::core
