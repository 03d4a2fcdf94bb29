// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/task.h"
#include "core/connection/connection.h"
#include "core/object/open_table.h"
#include "service/server/server.h"

namespace holdfast::service {

class Driver;

/// What a handler answers. Three outcomes, three forms: a reply, waiting (the handler awaits, after
/// Request::go_async when it may take long), or the end of the connection.
struct Reply {
  NtStatus status = NtStatus::kSuccess;
  /// From new_message(): 64 octets for the header, then the body. Empty: the ERROR response body.
  Buffer message;
  /// Not empty: the connection is ended, for this reason.
  std::string_view disconnect;
  bool must_sign = false;
  bool must_seal = false;
  /// core::Outgoing::compress_from.
  std::size_t compress_from = 0;
};

/// What one request of a compound leaves for the related ones behind it (MS-SMB2 3.3.5.2.7.2).
struct Chain {
  /// The request before belonged to a session; a related one behind another is invalid, and so are
  /// those that are related to it.
  bool valid = false;
  core::SessionId session = 0;
  std::uint32_t tree = 0;
  std::optional<wire::smb2::FileId> file_id;
  NtStatus status = NtStatus::kSuccess;
  /// Sessions that were logged off in this frame: their keys still sign or seal its answers.
  std::vector<core::SessionId> logged_off;
};

/// One request while it is being handled. Lives in its batch's coroutine.
struct Request {
  Server& server;
  Driver& driver;
  core::Connection& connection;
  ports::Executor& loop;
  const core::RequestMeta& meta;
  /// With session and tree id resolved when the request is a related one.
  wire::smb2::Header header;
  Bytes message;
  Chain& chain;
  bool is_last = true;
  /// The rest of its compound is behind it there.
  const core::Batch& batch;
  std::size_t index = 0;

  // Set by the dispatch for commands that need them.
  core::SessionPtr session;
  std::shared_ptr<const ports::Identity> identity;
  std::optional<core::TreeConnect> tree;

  /// The open that counts this request until it is answered (MS-SMB2 3.3.5.2.10).
  struct CountedAt {
    core::OpenId open = 0;
    core::ChannelSequence::Turn turn = 0;
  };
  std::optional<CountedAt> counted_at;
  /// It took caching away from others, which they must not have again after a restart.
  bool broke_caching = false;
  /// Told some time behind the answer, which gives a handle back.
  std::vector<core::BreakNotice> breaks_afterwards;
  /// Not 0 once an interim response was sent.
  std::uint64_t async_id = 0;
  bool cancelled = false;
  /// The client will ask for the outcome on another channel when this one is lost: the request then
  /// goes on as long as its session.
  bool outlives_channel = false;
  /// Sends the answers of the requests in front in a compound, before an interim response.
  std::function<void()> flush_answers;
  /// What CANCEL, a lost connection and a log-off call while the request waits.
  std::function<void()> on_cancel;

  /// Sends STATUS_PENDING, once. False: not possible (inside a compound, or too many wait).
  bool go_async();
  /// What a request is answered that cannot wait: in the middle of a compound as Windows does
  /// (MS-SMB2 3.3.4.2), beyond the limit of waiting requests kInsufficientResources.
  NtStatus cannot_wait() const {
    return is_last ? NtStatus::kInsufficientResources : NtStatus::kInternalError;
  }
  /// It waits for somebody else, and has changed nothing: begun again, it would wait again.
  bool waits() const { return on_cancel != nullptr; }
  /// The request is to end soon: runs on_cancel, at most once.
  void cancel();
  /// For the share's file system, as the user or as the service.
  ports::IoContext io() const;
  /// Names the opens that this client and user have left behind, still without saying which.
  core::OpenTable::LeftBehind own_leftovers() const;
  /// The open a request names; all ones in a related request is the one before
  /// (MS-SMB2 3.3.5.2.7.2). kFileClosed when there is none (3.3.5.x); kFileNotAvailable when this
  /// is an old WRITE, SET_INFO or IOCTL that must not be done any more (3.3.5.2.10).
  Result<core::OpenView> find_open(wire::smb2::FileId id);
};

/// The io context of an open's owner.
ports::IoContext io_of(ports::Executor& loop, const core::Share& share,
                       const ports::Identity& identity);

using Handler = Task<Reply> (*)(Request&);

/// Returns when what has changed of opens that outlive the server is durable, and, if it is one of
/// them, that `persistent_id` is on record (service/failover). An error says that it is not.
Task<NtStatus> settle(Request& r, std::uint64_t persistent_id = 0);

inline Reply error_reply(NtStatus status) {
  Reply r;
  r.status = status;
  return r;
}
inline Reply disconnect_reply(std::string_view reason) {
  Reply r;
  r.status = NtStatus::kInvalidParameter;
  r.disconnect = reason;
  return r;
}
/// A reply with this body.
template <class Body>
Reply body_reply(const Body& body, NtStatus status = NtStatus::kSuccess) {
  Reply r;
  r.status = status;
  r.message = core::new_message(128);
  // The writer counts from the SMB2 header, which new_message() has put in front already.
  Buffer content = std::move(r.message);
  content.clear();
  Writer writer(content);
  writer.zeros(wire::smb2::kHeaderSize);
  encode(body, writer);
  r.message = std::move(content);
  return r;
}

/// A reply whose payload stands in `message` already, behind room for its fixed part: writes the
/// fixed part over that room. payload_offset counts from the SMB2 header.
template <class Body>
Reply fixed_part_reply(const Body& body, std::size_t payload_offset, Buffer message,
                       NtStatus status) {
  auto size = static_cast<std::uint32_t>(message.size() - payload_offset);
  Buffer fixed(payload_offset);
  Writer writer(fixed);
  writer.zeros(wire::smb2::kHeaderSize);
  encode_fixed(body, size, writer);
  std::memcpy(message.data() + wire::smb2::kHeaderSize, fixed.data() + wire::smb2::kHeaderSize,
              payload_offset - wire::smb2::kHeaderSize);
  // StructureSize counts one octet of the payload, which is there even when it is empty.
  if (size == 0) message.append_zeros(1);
  Reply r;
  r.status = status;
  r.message = std::move(message);
  return r;
}

}  // namespace holdfast::service
