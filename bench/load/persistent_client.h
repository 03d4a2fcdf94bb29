// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "bench/load/run.h"
#include "sim/client/operations.h"

namespace holdfast::load {

/// An open of a PersistentClient: what its CREATE asks for, and what it has.
struct Handle {
  std::string path;
  std::uint32_t access = sim::access::kAll;
  std::uint32_t share = wire::smb2::ShareAccess::kAll;
  wire::smb2::CreateDisposition disposition = wire::smb2::CreateDisposition::kOpenIf;
  std::uint32_t options = wire::smb2::CreateOptions::kNonDirectoryFile;
  /// The lease it asks for, then the one it has.
  std::optional<wire::smb2::LeaseContext> lease;

  Guid create_guid;
  wire::smb2::FileId id;
  enum class State : std::uint8_t { kClosed, kCreating, kHeld, kClosing } state = State::kClosed;
};

/// A client that does what Windows does for its persistent handles when the connection is lost
/// (MS-SMB2 3.2.7.1, 3.2.4.4): it connects again with the same ClientGuid, logs on in place of the
/// session before, connects the tree and reclaims each handle with DH2C; then requests whose
/// answers were lost go again, with the next ChannelSequence and as a replay.
class PersistentClient {
 public:
  PersistentClient(Run& run, std::uint32_t index, std::uint16_t dialect);

  /// Connects, and again whenever the connection is lost, until leave().
  Task<void> keep_connected();
  /// Logs off and ends keep_connected(). All handles are closed before.
  Task<void> leave();
  /// Ends the connection as a crash does; it comes back.
  void cut() { client_.abort(); }
  bool connected() const { return client_.connected(); }

  /// Until the server has said yes, whatever is lost meanwhile; then the handle is held. False:
  /// refused, which fails the run. The handle must stay where it is until it is closed.
  Task<bool> open(Handle& handle);
  Task<void> close(Handle& handle);

  /// Sends what make() makes until a final answer comes. May be done twice by the server only where
  /// the protocol excuses that.
  Task<sim::Answer> insist(std::function<sim::Part()> make, bool may_replay);

  sim::Rng& rng() { return client_.rng(); }
  Guid new_guid();

 private:
  Task<bool> up();
  Task<bool> log_on();
  Task<bool> reclaim_all();
  Task<void> reclaim(Handle& handle, bool& all_back, std::size_t& left, OneShot<bool>& done);
  Task<NtStatus> reclaim_one(Handle& handle);
  Task<sim::Answer> send_create(Handle& handle, bool reclaim, bool replay);
  bool take_answer(Handle& handle, const sim::Answer& answer, bool reclaimed);
  void answered();
  void on_break(const wire::smb2::LeaseBreakNotification& told);
  Task<void> acknowledge(Guid key, std::uint32_t state);
  void fail(const std::string& what);

  Run& run_;
  std::uint32_t index_;
  sim::Client client_;
  /// Those that are not closed.
  std::vector<Handle*> handles_;
  std::uint64_t session_ = 0;
  std::uint16_t channel_sequence_ = 0;
  bool up_ = false;
  bool leaving_ = false;
  std::vector<OneShot<bool>*> waiting_;
  std::uint64_t last_answer_us_ = 0;
  /// Not 0: it has had no answer since the connection was lost; the last one before was then.
  std::uint64_t pause_begin_us_ = 0;
  OneShot<bool> left_;
};

}  // namespace holdfast::load
