// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/slot_map.h"
#include "core/object/byte_range_locks.h"
#include "core/session/session.h"
#include "ports/pipe.h"
#include "ports/vfs.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

class DirectoryScan;

/// What an open is of: a file system object, and which of its streams ("" = the unnamed one;
/// folded).
struct ObjectId {
  ports::FileKey key;
  std::string stream;
  bool operator==(const ObjectId&) const = default;
};

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
  NtTime created;
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
};

/// What close() leaves to be done, without the lock.
struct CloseOutcome {
  bool found = false;
  ports::FilePtr file;
  std::shared_ptr<const Share> share;
  std::shared_ptr<const ports::Identity> identity;
  std::string path;
  SessionId session = 0;
  /// The last open of an object to be deleted was closed: remove its name, then call
  /// removal_finished(object).
  bool remove = false;
  ObjectId object;
  bool is_directory = false;
  std::vector<Wake> wakes;
};

/// All opens of the server and the state they share by file: share modes, delete-pending,
/// byte-range locks (GlobalOpenTable, MS-SMB2 3.3.1.3 and the file's part of MS-FSA 2.1.1).
/// Thread-safe: a file and its opens live in one of kStripes parts, each with a lock held inside
/// one call only.
class OpenTable {
 public:
  static constexpr std::size_t kStripes = 64;

  OpenTable();
  ~OpenTable();

  /// Enters an open, or says why not: kSharingViolation (MS-FSA 2.1.5.1.2.2), kDeletePending.
  Result<OpenId> open(OpenSpec spec);
  /// The checks of open() without entering anything; for what needs to know before it acts.
  NtStatus check_open(const ObjectId& object, std::uint32_t access, std::uint32_t share_access);
  /// Looks up as MS-SMB2 3.3.5.x do: by volatile id, then persistent id and session must agree.
  std::optional<OpenView> find(wire::smb2::FileId file_id, SessionId session);
  std::optional<OpenView> find(OpenId id);
  CloseOutcome close(OpenId id);
  void removal_finished(const ObjectId& object);

  /// Sets or takes back "delete when the last open is closed" (MS-FSA 2.1.5.14.3).
  bool set_delete_pending(OpenId id, bool pending);
  bool is_delete_pending(OpenId id);
  /// Opens of the same object other than this one.
  std::size_t other_opens(OpenId id);
  /// True when anybody has it open.
  bool is_open(const ObjectId& object);
  /// True when somebody has an object open whose path is below `path` in this share.
  bool any_open_below(const Share& share, std::string_view path);
  /// The object has another name: every open of it is listed under the new one.
  void renamed(OpenId id, const std::string& new_path);

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

  std::vector<OpenId> of_session(SessionId session);
  std::vector<OpenId> of_tree(SessionId session, std::uint32_t tree);
  std::vector<OpenListing> list();
  std::size_t size();

 private:
  struct Open;
  struct FileState;
  struct Stripe;

  Stripe& stripe_of(const ports::FileKey& key);
  Stripe* stripe_of(OpenId id);
  template <class Visit>
  void for_each_open(Visit&& visit);

  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
  Mutex counter_mutex_;
  std::uint64_t next_persistent_id_ = 1;
};

}  // namespace holdfast::core
