// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "base/slot_map.h"
#include "core/object/byte_range_locks.h"
#include "core/object/caching.h"
#include "core/object/create_replay.h"
#include "core/object/directory_leases.h"
#include "core/object/lease_index.h"
#include "core/object/object_id.h"
#include "core/object/open_lifecycle.h"
#include "core/object/open_notes.h"
#include "core/session/session.h"
#include "ports/pipe.h"
#include "ports/vfs.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

class DirectoryScan;

/// What stays the same during an open (MS-SMB2 3.3.1.10).
struct OpenSpec {
  SessionId session = 0;
  std::uint32_t tree = 0;
  ConnectionId connection = 0;
  std::shared_ptr<const Share> share;
  std::shared_ptr<const ports::Identity> identity;
  ObjectId object;
  ports::FilePtr file;
  /// Named pipes: no file, no sharing.
  std::shared_ptr<ports::Pipe> pipe;
  /// In real case, below the share's root.
  std::string path;
  std::uint32_t access = 0;
  std::uint32_t share_access = 0;
  std::uint32_t options = 0;
  bool is_directory = false;
  bool delete_on_close = false;
  /// Made with the SMB3 POSIX extensions: names are exact.
  bool posix = false;
  /// The oplock or lease that is asked for; what became of it, ask held_by().
  CachingRequest caching;
  /// LeaseState bits that this kind of object can have; oplocks only where it is all of them.
  std::uint32_t may_cache = 0;
  /// The data is about to be replaced (MS-FSA 2.1.5.1.2.1).
  bool overwrites = false;
  /// Octets: byte-range locks below it forbid shared caching (MS-FSA 2.1.5.18.2).
  std::uint64_t allocation_size = 0;
  /// The tree connect is encrypted, and with it what is told about the open.
  bool must_seal = false;
  NtTime created;
  Guid client_guid;
  /// Zero: the client gave none.
  Guid create_guid;
  std::optional<AppInstance> app_instance;
};

/// A break, and whom it is to be told.
struct BreakNotice {
  CacheBreak what;
  ObjectId object;
  /// Of the holder's open; of a lease of each of its opens, the newest first, each once.
  std::vector<SessionId> sessions;
  std::uint64_t persistent_id = 0;
  bool must_seal = false;
};

/// What an operation that takes caching away from others led to. kPending: the caller's token is
/// woken when others have let go; then it asks again.
struct BreakOutcome {
  NtStatus status = NtStatus::kSuccess;
  ObjectId object;
  std::vector<BreakNotice> breaks;
  std::vector<Wake> wakes;
};

/// Why others' caching has to end (MS-FSA 2.1.4.12).
enum class BreakReason : std::uint8_t {
  kWrite,        // WRITE: the directory's lease is broken when the handle is closed
  kDataChanges,  // byte-range locks, sizes, zero data, copies
  kNameChanges,  // rename, link, deletion: handles that are kept open only for later use
};

/// One name of a file (Link of MS-FSA 2.1.1.4): the path below a share's root, in real case.
struct Link {
  const ports::Vfs* vfs = nullptr;
  std::string path;
  bool operator==(const Link&) const = default;
};

/// An open, as a request sees it: a copy that stays valid while the request waits.
struct OpenView {
  OpenId id = 0;
  std::uint64_t persistent_id = 0;
  SessionId session = 0;
  std::uint32_t tree = 0;
  ports::FilePtr file;
  std::shared_ptr<ports::Pipe> pipe;
  std::shared_ptr<const Share> share;
  std::shared_ptr<const ports::Identity> identity;
  std::shared_ptr<DirectoryScan> scan;
  std::uint32_t access = 0;
  std::uint32_t options = 0;
  bool is_directory = false;
  bool posix = false;
  std::shared_ptr<OpenNotes> notes;
  /// Of the directory, as the CREATE said it.
  std::optional<Guid> parent_lease;
  /// What is changed through it must survive the loss of the machine before it is answered.
  bool stable = false;

  bool may(std::uint32_t wanted) const { return (access & wanted) != 0; }
  wire::smb2::FileId file_id() const { return {persistent_id, id}; }
};

/// For `holdfast files` and srvsvc.
struct OpenListing {
  OpenId id = 0;
  SessionId session = 0;
  std::string user;
  std::string share;
  std::string path;
  std::uint32_t access = 0;
  std::uint32_t share_access = 0;
  std::size_t locks = 0;
  bool is_directory = false;
  NtTime created;
  CachingGrant caching;
};

/// What close() leaves to be done, without the lock.
struct CloseOutcome {
  bool found = false;
  ports::FilePtr file;
  std::shared_ptr<const Share> share;
  std::shared_ptr<const ports::Identity> identity;
  std::string path;
  SessionId session = 0;
  /// The last open of a name to be deleted was closed: remove it, then call removal_finished().
  bool remove = false;
  /// The removal must survive the loss of the machine before anybody is answered.
  bool remove_durably = false;
  /// Its delete-on-close marked the name to be deleted; others have the file open by it still.
  bool marked_to_go = false;
  ObjectId object;
  bool is_directory = false;
  /// create_guid zero: its CREATE had none.
  CreateKey create_key;
  std::vector<Wake> wakes;
  /// Something was written through the open, or its object is to be removed: the lease of the
  /// directory is broken, except the one of this key.
  bool modified = false;
  std::optional<Guid> parent_lease;
  /// Others are asked to close what they keep open of an object that is to be deleted.
  std::vector<BreakNotice> breaks;
};

/// What became of a CREATE.
struct EnterOutcome : BreakOutcome {
  OpenId id = 0;
  CachingGrant caching;
  /// Opens that its own client had left behind and that were in its way: they are closed.
  struct Closed {
    OpenId id = 0;
    CloseOutcome outcome;
  };
  std::vector<Closed> gave_way;
};

/// What a state store has to be told of one open that outlives the server.
struct OpenChange {
  std::shared_ptr<ports::Volume> volume;
  std::uint64_t persistent_id = 0;
  /// nullopt: it is closed, or does not outlive the server any more.
  std::optional<OpenRecord> record;
};

/// All opens of the server and the state they share by file: share modes, delete-pending,
/// byte-range locks (GlobalOpenTable, MS-SMB2 3.3.1.3 and the file's part of MS-FSA 2.1.1).
/// Thread-safe: a file and its opens live in one of kStripes parts, each with a lock held inside
/// one call only.
class OpenTable {
 public:
  static constexpr std::size_t kStripes = 64;

  /// first_persistent_id: where FileId.Persistent begins; random, so that an id of an earlier run
  /// names nothing.
  explicit OpenTable(std::uint64_t first_persistent_id = 1);
  ~OpenTable();

  /// Opens without a session that a client has left behind.
  struct LeftBehind {
    /// Open.ClientGuid and Open.DurableOwner.
    Guid client_guid;
    Sid owner;
    /// Not 0: the one of this FileId.Persistent.
    std::uint64_t persistent_id = 0;
    /// Those of this stream that it kept open only for later use: persistent ones with handle
    /// caching and without locks, not of the lease that it names here.
    std::optional<ObjectId> kept_for_later;
    std::optional<Guid> lease_key;
  };

  /// Enters an open, or says why not: kSharingViolation (MS-FSA 2.1.5.1.2.2), kDeletePending,
  /// kInvalidParameter (the lease is another file's), kFileNotAvailable (a disconnected persistent
  /// open keeps everybody off, MS-SMB2 3.3.5.9), kPending: others have to let go first.
  /// own: what its client may have left behind gives way to it, in the same step, so that nobody
  /// else gets in between.
  EnterOutcome enter(OpenSpec spec, WaitToken token, const LeftBehind* own = nullptr);
  /// As enter(), for what asks for no caching and does not wait.
  Result<OpenId> open(OpenSpec spec);
  /// The checks of open() without entering anything; for what needs to know before it acts.
  NtStatus check_open(const ObjectId& object, const Link& link, std::uint32_t access,
                      std::uint32_t share_access);
  /// Looks up as MS-SMB2 3.3.5.x do: by volatile id, then persistent id and session must agree.
  std::optional<OpenView> find(wire::smb2::FileId file_id, SessionId session);
  std::optional<OpenView> find(OpenId id);
  CloseOutcome close(OpenId id);
  /// left_to_another: it was not removed, and the records of its opens stay for the server that has
  /// its volume now.
  void removal_finished(const CloseOutcome& closed, std::vector<Wake>& wakes,
                        bool left_to_another = false);

  /// Takes from everybody but this open and its lease what `reason` does not go with.
  BreakOutcome break_caching(OpenId id, BreakReason reason, WaitToken token);
  /// The same for an object that a name stands for, on behalf of nobody who has it open.
  BreakOutcome break_caching(const ObjectId& object, BreakReason reason, WaitToken token);
  /// An entry of this directory has changed: breaks the leases of it, except that of this key.
  /// Nobody waits for them.
  std::vector<BreakNotice> break_directory(const Share& share, const std::string& path,
                                           const std::optional<Guid>& parent_lease);
  /// The same for everything in this directory and below.
  std::vector<BreakNotice> break_directories_below(const Share& share, const std::string& path);
  bool any_directory_leased() const { return !directory_leases_.idle(); }
  /// What is open below `path`.
  std::vector<ObjectId> opens_below(const Share& share, std::string_view path);
  /// Forgets one that waits for breaks. False: it was woken.
  bool cancel_break_wait(const ObjectId& object, WaitToken token);
  /// MS-SMB2 3.3.5.22.1; `level`: what the client keeps, and what it has then.
  BreakOutcome acknowledge(OpenId id, wire::smb2::OplockLevel& level);
  /// MS-SMB2 3.3.5.22.2.
  BreakOutcome acknowledge(const LeaseId& lease, std::uint32_t state);
  /// Is a persistent open among those whose caching this break is of? It may be reclaimed, and is
  /// then told once more.
  bool may_come_back(const ObjectId& object, std::uint64_t serial);
  /// A break that is not going to be acknowledged. False: it is over.
  bool give_up_break(const ObjectId& object, std::uint64_t serial, std::vector<Wake>& wakes);
  bool is_breaking(const ObjectId& object, std::uint64_t serial);
  /// The stream that a lease is of.
  std::optional<ObjectId> leased(const LeaseId& lease) { return leases_.find(lease); }
  CachingGrant held_by(OpenId id);

  /// LeaseState bits that anybody has of the stream (StreamCaching::all_held).
  std::uint32_t cached(const ObjectId& object);
  /// A program on this machine is about to use the file: takes these LeaseState bits from all.
  /// Nobody waits here.
  std::vector<BreakNotice> break_for_local(const ObjectId& object, std::uint32_t bits);
  /// Whoever holds W caching through this open gives it back, and writes what it has; empty: the
  /// open has none, or is closed. Nobody waits here.
  std::vector<BreakNotice> end_write_caching(OpenId id);
  /// All locks of the stream, whoever holds them.
  std::vector<ByteRangeLocks::Range> locks_of(const ObjectId& object);

  /// Sets or takes back "delete when the last open is closed" of the name that the file was opened
  /// by (MS-FSA 2.1.5.15.3).
  bool set_delete_pending(OpenId id, bool pending);
  bool is_delete_pending(OpenId id);
  /// Opens of the same object other than this one.
  std::size_t other_opens(OpenId id);
  /// True when anybody has it, or as a file one of its streams, open.
  bool is_open(const ObjectId& object);
  /// True when somebody has it open with the right to delete it.
  bool is_open_to_delete(const ObjectId& object);
  /// True when somebody has an object open whose path is below `path` in this share.
  bool any_open_below(const Share& share, std::string_view path);
  /// The object has another name instead of that of this open: every open of it, or of its streams,
  /// by the old name is listed under the new one.
  void renamed(OpenId id, const std::string& new_path);
  /// A directory has moved: what is open below it goes with it.
  void moved_below(const Share& share, std::string_view old_path, std::string_view new_path);
  /// The named stream has another name (folded). kAccessDenied when a stream of that name is open.
  NtStatus rename_stream(OpenId id, const std::string& new_stream);

  /// The scan of a directory handle, made by `make` at first use.
  std::shared_ptr<DirectoryScan> scan(OpenId id, std::shared_ptr<DirectoryScan> if_none);

  /// Byte-range locks. All or nothing: what was granted before a failure is given back
  /// (MS-SMB2 3.3.5.14.2). kPending: token waits (only with one element).
  NtStatus lock(OpenId id, const std::vector<ByteRangeLocks::Range>& ranges, WaitToken token,
                std::vector<Wake>& wakes);
  /// In order, until one fails (MS-SMB2 3.3.5.14.1).
  NtStatus unlock(OpenId id, const std::vector<ByteRangeLocks::Range>& ranges,
                  std::vector<Wake>& wakes);
  bool cancel_lock(OpenId id, WaitToken token);
  /// kSuccess or kFileLockConflict.
  NtStatus check_locks(OpenId id, std::uint64_t offset, std::uint64_t length, bool write);

  // ---- beyond the connection (open_lifecycle.cc) ----

  /// find(), for one request: counts it until end_request() (MS-SMB2 3.3.5.2.10), and the open's
  /// CREATE cannot be sent again from now on. kFileClosed; kFileNotAvailable when it is stale and
  /// modifies.
  struct Begun {
    OpenView view;
    std::optional<ChannelSequence::Turn> turn;
  };
  Result<Begun> begin_request(wire::smb2::FileId file_id, SessionId session,
                              const RequestMark& mark);
  void end_request(OpenId id, ChannelSequence::Turn turn);

  /// The open outlives its connection from now on. What it got: a persistent open always, others
  /// only with a batch oplock or a lease with handle caching (MS-SMB2 3.3.5.9.6, 3.3.5.9.10).
  DurableGrant make_durable(OpenId id, DurableGrant wanted);
  bool make_resilient(OpenId id, std::uint32_t timeout_ms);
  /// The promise could not be kept: the open ends with its connection.
  void take_back_durable(OpenId id);
  /// What its CREATE answered, for a replay of it; the open can be replayed from now on.
  void set_created(OpenId id, wire::smb2::CreateAction action);
  std::optional<OpenLife> life(OpenId id);
  bool is_disconnected(OpenId id);

  /// The open's session is gone. False: the open does not outlive it, and is to be closed
  /// (MS-SMB2 3.3.7.1). True: it is kept until expires_us.
  bool disconnect(OpenId id, std::uint64_t now_us, std::uint64_t& expires_us);
  /// Gives a disconnected open to another session, with its locks and its lease. The errors of
  /// MS-SMB2 3.3.5.9.7 and 3.3.5.9.12, in their order.
  struct Reclaimed : OpenView {
    /// As the response says it.
    CachingGrant caching;
    /// Held back while nobody could be told; to be sent behind the response.
    std::vector<BreakNotice> breaks;
    std::vector<Wake> wakes;
  };
  Result<Reclaimed> reclaim(const Reclaim& claim);
  /// FileId.Persistent of the disconnected persistent open of this CREATE; 0: there is none.
  std::uint64_t disconnected_of_guid(const Guid& create_guid, const Share& share);
  /// True: it is disconnected and its time is over; nobody can reclaim it any more, and the caller
  /// closes it.
  bool expire(OpenId id, std::uint64_t now_us);
  /// It is disconnected, and is closed when it is in somebody's way.
  bool gives_way(OpenId id);
  /// The open of an application that has moved to another client (MS-SMB2 3.3.5.9.13): 0 when there
  /// is none. kFileForcedClosed: the version says that this one is the older.
  Result<OpenId> of_app_instance(const AppInstance& app, const Guid& client_guid,
                                 const Share& share, std::string_view path);

  /// kSuccess for a LOCK that was done before; kPending: it is to be done.
  NtStatus lock_replay(OpenId id, std::uint32_t index, std::uint8_t number, bool multichannel);
  void lock_done(OpenId id, std::uint32_t index, std::uint8_t number, bool multichannel);

  // ---- beyond the server (open_survival.cc) ----

  bool outlives_server(OpenId id);
  /// Below the share's root, as its record says it.
  std::string path_of(OpenId id);
  /// What would have to survive of this open.
  std::optional<OpenRecord> record(OpenId id);
  /// Is there anything for take_changes()?
  bool any_changes() const { return changed_stripes_.load(std::memory_order_acquire) != 0; }
  /// What has changed of opens that outlive the server since the last call, each once, as it is
  /// now. One caller at a time; whatever it was told goes to the store in the order of the calls.
  std::vector<OpenChange> take_changes();
  /// Something of the open's notes has changed.
  void notes_changed(OpenId id);
  /// The object, and with a directory all below it, is about to be renamed: what survives of their
  /// opens says both names until renamed() and moved_below(), or until this is called with an empty
  /// new_path. True: there is such an open.
  bool begin_rename(OpenId id, const std::string& old_path, const std::string& new_path);
  /// Enters an open of an earlier instance: disconnected, with its locks and its lease, to be
  /// reclaimed until expires_us. kSharingViolation, kLockNotGranted, kInvalidParameter: the records
  /// do not go together.
  struct Restored {
    OpenRecord record;
    std::shared_ptr<const Share> share;
    std::shared_ptr<const ports::Identity> identity;
    ports::FilePtr file;
    /// As it is now: a volume may have another device number.
    ports::FileKey key;
    std::string path;
    std::uint64_t expires_us = 0;
  };
  Result<OpenId> restore(Restored restored);
  /// The id that such an open has now, for one from before: what a client sends again after it has
  /// its handle back still carries the volatile part that the earlier instance gave it (Linux
  /// clients do). nullopt: it names none.
  std::optional<wire::smb2::FileId> renewed(wire::smb2::FileId file_id);
  std::vector<OpenId> of_volume(const ports::Volume& volume);
  /// Opens that no session has.
  std::vector<OpenId> disconnected();
  /// Of these, those that a client has left behind.
  std::vector<OpenId> left_behind(const LeftBehind& by);

  // ---- hand-over to another binary (open_hand_over.cc) ----

  /// An open with all that only this process knows of it.
  struct HeldOpen {
    OpenRecord record;
    OpenId id = 0;
    SessionId session = 0;
    ConnectionId connection = 0;
    std::uint32_t tree = 0;
    bool is_pipe = false;
    bool disconnected = false;
    bool replay_eligible = false;
    bool used = false;
    bool modified = false;
    bool recorded = false;
    /// Its client may know it by the id that it had in an earlier process.
    bool restored = false;
    std::uint64_t expires_us = 0;
    std::uint64_t position = 0;
    std::optional<Guid> deleter_parent_lease;
    std::optional<StreamCaching::Breaking> breaking;
    // Not of the record: what the next binary finds or makes by itself.
    ports::FilePtr file;
    std::shared_ptr<DirectoryScan> scan;
    std::shared_ptr<const Share> share;
    std::shared_ptr<const ports::Identity> identity;
    std::shared_ptr<ports::Pipe> pipe;
  };
  /// Nothing runs meanwhile that uses an open.
  std::vector<HeldOpen> hand_over();
  std::uint64_t next_persistent_id();
  void restore_next_persistent_id(std::uint64_t next);
  /// Enters an open of an earlier binary under its own ids; share, identity, file and pipe are of
  /// this one. break_serial: not 0 when its client has still to answer a break (is_breaking()).
  struct TakenOver {
    NtStatus status = NtStatus::kSuccess;
    ObjectId object;
    std::uint64_t break_serial = 0;
  };
  TakenOver take_over(HeldOpen held);
  /// FileId.Persistent of those that a state store has a record of.
  std::unordered_set<std::uint64_t> recorded();

  std::vector<OpenId> of_session(SessionId session);
  std::vector<OpenId> of_tree(SessionId session, std::uint32_t tree);
  std::vector<OpenListing> list();
  std::size_t size();

 private:
  struct Open;
  struct Going;
  struct FileState;
  struct FileStreams;
  struct Stripe;

  /// What of a closed open lives outside its stripe.
  struct Elsewhere {
    std::optional<LeaseId> lease;
    /// Persistent id; 0: it was not restored.
    std::uint64_t restored = 0;
  };
  Elsewhere close_in(Stripe& stripe, OpenId id, CloseOutcome& out);
  void forget_elsewhere(const Elsewhere& gone, const CloseOutcome& closed);
  /// Enters it, or closes what of `own` is in its way and tries again; what is left to be
  /// forgotten.
  std::vector<Elsewhere> enter_in(Stripe& stripe, const OpenSpec& spec, std::uint64_t persistent_id,
                                  WaitToken token, const LeftBehind* own, EnterOutcome& out);
  Stripe& stripe_of(const ports::FileKey& key);
  Stripe* stripe_of(OpenId id);
  static OpenView view_of(OpenId id, const Open& open);
  static NtStatus check_reclaim(const Open& open, const Reclaim& claim);
  Reclaimed reclaim_in(Stripe& stripe, OpenId id, const Reclaim& claim);
  template <class Visit>
  void for_each_open(Visit&& visit);
  OpenRecord record_of(Stripe& stripe, OpenId id, const Open& open);
  void changed(Stripe& stripe, OpenId id, Open& open);
  /// All opens of the stream.
  void changed(Stripe& stripe, FileState& file);
  /// What to tell of an open that is closed; without a volume: nothing.
  static OpenChange closed(const Open& open);
  void tell_closed(Stripe& stripe, OpenChange gone);
  NtStatus restore_in(Stripe& stripe, OpenId id, const OpenRecord& record);

  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
  LeaseIndex leases_;
  DirectoryLeases directory_leases_;
  Mutex counter_mutex_;
  std::uint64_t next_persistent_id_;
  /// Opens of an earlier instance by persistent id; behind counter_mutex_.
  std::unordered_map<std::uint64_t, OpenId> restored_;
  /// A bit for each stripe.
  std::atomic<std::uint64_t> changed_stripes_{0};
};

}  // namespace holdfast::core
