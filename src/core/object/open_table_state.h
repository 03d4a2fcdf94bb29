// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/object/open_table.h"

/// What OpenTable holds, for the files that implement it.
namespace holdfast::core {

/// The stripe stands in the top bits of the slot's part of an id.
inline constexpr int kStripeShift = 26;

struct ObjectHash {
  std::size_t operator()(const ObjectId& o) const {
    return static_cast<std::size_t>(o.key.inode * 0x9E3779B97F4A7C15ull ^ o.key.device) ^
           std::hash<std::string>{}(o.stream);
  }
};

struct OpenTable::Open {
  OpenSpec spec;
  std::uint64_t persistent_id = 0;
  std::shared_ptr<DirectoryScan> scan;
  OpenLife life;
  std::shared_ptr<OpenNotes> notes = nullptr;
  /// Written to since it was opened.
  bool modified = false;
  /// A state store has a record of it, or is to be told of it.
  bool recorded = false;
  /// In Stripe::changed.
  bool changed = false;
  /// In OpenTable::restored_.
  bool restored = false;
  std::string renaming_to = {};

  /// What is changed through it must survive the loss of the machine before it is answered.
  bool is_stable() const {
    return life.durable == DurableKind::kPersistent && spec.share->stable_writes;
  }
};

/// A name that is to be deleted: Link.IsDeleted of MS-FSA 2.1.1.4. A file may have other names, and
/// who has it open by one of these is not concerned.
struct OpenTable::Going {
  Link link;
  /// Its last open is closed and the name is being removed.
  bool removing = false;
  /// Parent lease key of the open that had the name marked.
  std::optional<Guid> parent_lease;
};

/// What the opens of one stream of one file share.
struct OpenTable::FileState {
  std::vector<OpenId> opens;
  std::vector<Going> going;
  ByteRangeLocks locks;
  StreamCaching caching;
  std::vector<Wake> wakes_after_removal;
  /// Of opens that are closed, for when the name is removed.
  std::vector<OpenChange> closed_after_removal;

  /// Null: that name is not to be deleted. Entries without a name are of all names.
  Going* going_as(const Link& link);
};

/// The open named streams of one file.
struct OpenTable::FileStreams {
  /// Folded, each once.
  std::vector<std::string> open;
  /// The file itself is to be removed and nobody has it open any more: it goes with the last of its
  /// streams (MS-FSA 2.1.5.4).
  std::optional<CloseOutcome> going;
};

struct OpenTable::Stripe : Reach {
  Mutex mutex;
  SlotMap<Open> opens;
  std::unordered_map<ObjectId, FileState, ObjectHash> files;
  std::map<ports::FileKey, FileStreams> streams;
  std::uint64_t number = 0;
  /// By persistent id, those that no session has.
  std::unordered_map<std::uint64_t, OpenId> disconnected;
  std::uint64_t last_break = 0;
  /// For take_changes().
  std::vector<OpenId> changed;
  std::vector<OpenChange> closed;

  Open* find(OpenId id) { return opens.find(id & ~(0x3Full << kStripeShift)); }
  FileState& file_of(const Open& open) { return files[open.spec.object]; }
  OpenId id_of(OpenId slot) const { return slot | number << kStripeShift; }
  NtStatus check(const ObjectId& object, const Link& link, std::uint32_t access,
                 std::uint32_t share_access);
  /// The part of check() that is between a file and its named streams.
  NtStatus check_streams(const ObjectId& object, const Link& link, std::uint32_t access);
  /// Its open is gone: is a name to be removed now? Decides out.remove and who is woken when.
  void close_name(FileState& file, OpenId id, const OpenSpec& spec, CloseOutcome& out);
  void entered_stream(const ObjectId& object);
  /// The last open of out.object was closed: what that means for the file or its streams.
  void left(CloseOutcome& out);
  bool holds_handles(OpenId id, const Open& open);
  bool outlives_connection(OpenId id, const Open& open);
  bool is_lost(const std::vector<OpenId>& opens) override;
  /// A persistent open without a connection keeps its caching, and others wait for it: otherwise
  /// they are refused.
  bool keeps_caching(OpenId id, const Open& open);
  NtStatus check_kept(const ObjectId& object);
  /// CREATEs that would go on, but that a lost open keeps off now, are told so.
  void refuse_entering(const ObjectId& object, const std::vector<WaitToken>& entering,
                       std::vector<Wake>& wakes);
  bool outlives_server(OpenId id, const Open& open);
  /// Apart from LeftBehind::persistent_id.
  bool is_left_behind(OpenId id, const Open& open, const LeftBehind& by);
  static bool knows_lock_sequence(const Open& open, bool multichannel);
  void enter(const OpenSpec& spec, std::uint64_t persistent_id, WaitToken token, EnterOutcome& out);
  /// Takes the caching away that a CREATE does not go with. kPending: it has to wait for that.
  NtStatus make_room(const OpenSpec& spec, std::vector<CacheBreak>& breaks);
  std::vector<BreakNotice> notices(const ObjectId& object, std::vector<CacheBreak> breaks);
  BreakOutcome demand(const ObjectId& object, const StreamCaching::Actor& actor, BreakReason reason,
                      WaitToken token);
};

template <class Visit>
void OpenTable::for_each_open(Visit&& visit) {
  for (auto& stripe : stripes_) {
    Lock lock(stripe->mutex);
    stripe->opens.for_each(
        [&](std::uint64_t slot, Open& open) { visit(stripe->id_of(slot), open, *stripe); });
  }
}

/// Do two opens, with these rights and these shares, not go together (MS-FSA 2.1.5.1.2.2)?
bool share_modes_conflict(std::uint32_t access_a, std::uint32_t share_a, std::uint32_t access_b,
                          std::uint32_t share_b);

/// The name that an open stands for when something is to be deleted; of a named stream none.
Link link_of(const OpenSpec& spec);
/// The file's name, of a stream's open too.
Link name_of(const OpenSpec& spec);

/// Has this open a lease of a directory?
bool leases_directory(const OpenSpec& spec);

/// What a record says of an open, without what a process has of it.
OpenSpec spec_of(const OpenRecord& record);
OpenLife life_of(const OpenRecord& record);

/// Who an open is when it comes to caching.
StreamCaching::Actor actor_of(OpenId id, const OpenSpec& spec);

}  // namespace holdfast::core
