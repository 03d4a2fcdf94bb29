// SPDX-License-Identifier: Apache-2.0
#include "service/server/dispatch.h"

#include <array>

#include "service/failover/failover.h"
#include "service/handlers/handlers.h"
#include "service/server/breaks.h"
#include "service/server/driver.h"
#include "service/server/interposer.h"
#include "wire/smb2/ioctl.h"
#include "wire/smb2/query_directory.h"
#include "wire/smb2/query_info.h"
#include "wire/smb2/read.h"

namespace holdfast::service {
namespace {

namespace smb2 = wire::smb2;
using smb2::Command;

struct CommandRow {
  Handler handler = nullptr;
  bool needs_session = true;
  bool needs_tree = true;
  /// May be asked for by a session whose log-on has expired (MS-SMB2 3.3.5.2.9).
  bool when_expired = false;
  /// May change what outlives the server: is answered when that is durable.
  bool settles = false;
};

constexpr std::array<CommandRow, smb2::kCommandCount> kCommands = [] {
  std::array<CommandRow, smb2::kCommandCount> t{};
  auto set = [&t](Command c, CommandRow row) { t[static_cast<std::size_t>(c)] = row; };
  set(Command::kNegotiate, {handlers::negotiate, false, false});
  set(Command::kSessionSetup, {handlers::session_setup, false, false});
  set(Command::kLogoff, {handlers::logoff, true, false, true, true});
  set(Command::kTreeConnect, {handlers::tree_connect, true, false});
  set(Command::kTreeDisconnect, {handlers::tree_disconnect, true, true, true, true});
  set(Command::kCreate, {handlers::create, true, true, false, true});
  set(Command::kClose, {handlers::close, true, true, true, true});
  set(Command::kFlush, {handlers::flush});
  set(Command::kRead, {handlers::read});
  set(Command::kWrite, {handlers::write});
  set(Command::kLock, {handlers::lock, true, true, true, true});
  set(Command::kIoctl, {handlers::ioctl, true, true, false, true});
  set(Command::kEcho, {handlers::echo, false, false, true});
  set(Command::kQueryDirectory, {handlers::query_directory});
  set(Command::kChangeNotify, {handlers::change_notify});
  set(Command::kQueryInfo, {handlers::query_info});
  set(Command::kSetInfo, {handlers::set_info, true, true, false, true});
  set(Command::kOplockBreak, {handlers::oplock_break, true, true, false, true});
  return t;
}();

/// Takes session and tree from the request before (MS-SMB2 3.3.5.2.7.2).
NtStatus resolve_related(Request& r) {
  if (!r.meta.header.is_related()) {
    r.chain.file_id.reset();
    return NtStatus::kSuccess;
  }
  if (!r.chain.valid) return NtStatus::kInvalidParameter;
  r.header.session_id = r.chain.session;
  r.header.tree_id = r.chain.tree;
  return NtStatus::kSuccess;
}

/// MS-SMB2 3.3.5.2.4 and 3.3.5.2.9: session, signature, encryption.
NtStatus check_session(Request& r, const CommandRow& row) {
  core::Channel* channel = r.connection.channel(r.header.session_id);
  if (channel == nullptr || !channel->established) return NtStatus::kUserSessionDeleted;
  r.session = channel->session;
  core::Session& session = *r.session;
  {
    Lock lock(session.mutex);
    if (session.ended || session.state == core::SessionState::kInProgress)
      return NtStatus::kUserSessionDeleted;
    if (session.expires.ticks != 0 && r.server.env().clock.now() >= session.expires)
      session.state = core::SessionState::kExpired;
    if (session.state == core::SessionState::kExpired && !row.when_expired)
      return NtStatus::kNetworkSessionExpired;
    r.identity = session.identity;
  }
  if (r.meta.sealed) return NtStatus::kSuccess;
  if (session.encrypt && r.connection.policy().encryption == core::Requirement::kRequired)
    return NtStatus::kAccessDenied;
  if (session.signing_required && !r.meta.signature_ok) return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

/// MS-SMB2 3.3.5.2.11.
NtStatus check_tree(Request& r) {
  r.tree = r.session->tree(r.header.tree_id);
  if (!r.tree) return NtStatus::kNetworkNameDeleted;
  // Its connections are being ended; the client finds the share where it is served now.
  if (const ports::Volume* volume = r.tree->share->failover.get();
      volume != nullptr && !volume->may_serve(r.loop.clock().monotonic_us()))
    return NtStatus::kNetworkNameDeleted;
  if (r.tree->encrypt && !r.meta.sealed) return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

/// Octets of the answer's payload that a request allows for.
std::uint64_t answer_size(const core::RequestMeta& meta) {
  switch (meta.header.command) {
    case Command::kRead: {
      smb2::ReadRequest m;
      return decode(meta.message, m) ? m.length : 0;
    }
    case Command::kQueryDirectory: {
      smb2::QueryDirectoryRequest m;
      return decode(meta.message, m) ? m.output_buffer_length : 0;
    }
    case Command::kQueryInfo: {
      smb2::QueryInfoRequest m;
      return decode(meta.message, m) ? m.output_buffer_length : 0;
    }
    case Command::kIoctl: {
      smb2::IoctlRequest m;
      return decode(meta.message, m) ? m.max_output_response : 0;
    }
    default: return 0;
  }
}

bool charge_is_right(const Request& r) {
  std::uint64_t sent =
      r.message.size() > smb2::kHeaderSize + 64 ? r.message.size() - smb2::kHeaderSize - 64 : 0;
  return r.connection.charge_suffices(r.meta.header, std::max(sent, answer_size(r.meta)));
}

/// What MS-SMB2 3.3.5.2 asks of every request, before its own rules.
NtStatus check(Request& r, const CommandRow& row) {
  NtStatus chained = r.meta.refused != NtStatus::kSuccess ? r.meta.refused : resolve_related(r);
  r.chain.valid = false;
  if (chained != NtStatus::kSuccess) return chained;
  if (row.needs_session)
    if (NtStatus s = check_session(r, row); s != NtStatus::kSuccess) return s;
  r.chain.valid = true;
  if (row.needs_tree)
    if (NtStatus s = check_tree(r); s != NtStatus::kSuccess) return s;
  return charge_is_right(r) ? NtStatus::kSuccess : NtStatus::kInvalidParameter;
}

void conclude(Request& r) {
  if (!r.breaks_afterwards.empty())
    send_breaks_after_reclaim(r.server, r.loop, std::move(r.breaks_afterwards));
  if (r.counted_at) r.server.opens().end_request(r.counted_at->open, r.counted_at->turn);
}

/// Does this request's answer say something that must outlive the server?
bool settles(const Request& r, const CommandRow& row) {
  if (!row.settles && !r.broke_caching) return false;
  return !r.tree || r.tree->share->failover != nullptr;
}

/// Waits until what the answer says is durable. Where it fails, what could not be promised has been
/// taken back by its handler; but of a volume that another instance has by now nothing is promised
/// at all: the client finds the share where it is served, and asks there.
Task<void> settle_answer(Request& r, Reply& reply) {
  NtStatus status = co_await settle(r);
  const ports::Volume* volume = r.tree ? r.tree->share->failover.get() : nullptr;
  if (volume == nullptr) co_return;
  if (status == NtStatus::kFileForcedClosed || !volume->may_serve(r.loop.clock().monotonic_us()))
    reply = error_reply(NtStatus::kNetworkNameDeleted);
}

/// For a command that kCommands knows.
Task<Reply> check_and_handle(Request& r) {
  const CommandRow& row = kCommands[static_cast<std::size_t>(r.header.command)];
  if (NtStatus s = check(r, row); s != NtStatus::kSuccess) co_return error_reply(s);
  Reply reply = co_await row.handler(r);
  if (settles(r, row)) co_await settle_answer(r, reply);
  conclude(r);
  co_return reply;
}

}  // namespace

std::size_t batch_cost(const core::Batch& batch) {
  std::size_t cost = 0;
  if (batch.is_smb1_negotiate) return cost;
  for (const core::RequestMeta& meta : batch.requests)
    cost += std::min<std::uint64_t>(answer_size(meta), limits::kMaxTransactSize);
  return cost;
}

Task<Reply> dispatch(Request& r, bool is_smb1_negotiate, std::function<void()> flush_answers) {
  r.flush_answers = std::move(flush_answers);
  if (is_smb1_negotiate) co_return co_await handlers::smb1_negotiate(r);
  auto number = static_cast<std::size_t>(r.header.command);
  bool known = number < kCommands.size() && kCommands[number].handler != nullptr;
  // MS-SMB2 3.3.5.2: nothing but NEGOTIATE before the negotiation, and never twice.
  if (!r.connection.negotiated() && r.header.command != Command::kNegotiate)
    co_return disconnect_reply("a request before NEGOTIATE");
  if (!known) co_return error_reply(NtStatus::kInvalidParameter);
  const CommandRow& row = kCommands[number];
  if (Interposer* interposer = r.server.env().interposer)
    co_return co_await interposer->handle(r, check_and_handle);
  if (NtStatus s = check(r, row); s != NtStatus::kSuccess) co_return error_reply(s);
  Reply reply = co_await row.handler(r);
  if (settles(r, row)) co_await settle_answer(r, reply);
  conclude(r);
  co_return reply;
}

Task<NtStatus> settle(Request& r, std::uint64_t persistent_id) {
  Failover& failover = r.server.failover();
  if (r.tree) {
    ports::Volume* volume = r.tree->share->failover.get();
    if (volume == nullptr) co_return NtStatus::kSuccess;
    co_return co_await failover.settle(r.loop, *volume, persistent_id);
  }
  co_await failover.settle_all(r.loop);
  co_return NtStatus::kSuccess;
}

// ---- Request ----

bool Request::go_async() {
  if (async_id != 0) return true;
  // Only a CREATE that waits for a break goes async in the middle of a compound: the requests
  // behind it follow when it is answered (smbtorture's compound_async tells what Windows does;
  // MS-SMB2 3.3.5.2.7 and its note leave it to the server).
  if (!is_last && header.command != Command::kCreate) return false;
  flush_answers();
  return driver.send_interim(*this);
}

void Request::cancel() {
  cancelled = true;
  if (on_cancel) std::exchange(on_cancel, nullptr)();
}

ports::IoContext io_of(ports::Executor& loop, const core::Share& share,
                       const ports::Identity& identity) {
  static const ports::Credentials kService;
  // TREE_CONNECT has refused everybody else: nobody acts as the service account by accident.
  HF_ASSERT(!share.act_as_user || identity.credentials.act_as_user);
  return {loop, share.act_as_user ? identity.credentials : kService, share.failover.get()};
}

ports::IoContext Request::io() const { return io_of(loop, *tree->share, *identity); }

core::OpenTable::LeftBehind Request::own_leftovers() const {
  return {connection.negotiated()->client_guid, identity->sid, 0, std::nullopt, std::nullopt};
}

namespace {

/// What Linux clients send again, when it was in flight at the end of the connection, before they
/// ask for their handle.
bool may_come_before_reclaim(Command command) {
  return command == Command::kFlush || command == Command::kSetInfo ||
         command == Command::kQueryInfo;
}

/// The persistent open of that FileId which this client has lost and not reclaimed yet. By the
/// specification there is none for the session (3.3.5.11 and others: STATUS_FILE_CLOSED), and the
/// client would tell the program (EBADF) although it is about to have its handle back.
std::optional<core::OpenView> lost_open(Request& r, smb2::FileId id) {
  if (id.persistent == 0 || !may_come_before_reclaim(r.header.command)) return std::nullopt;
  core::OpenTable::LeftBehind own = r.own_leftovers();
  own.persistent_id = id.persistent;
  std::vector<core::OpenId> found = r.server.opens().left_behind(own);
  if (found.empty()) return std::nullopt;
  // Of others a client may have been told that they are gone.
  std::optional<core::OpenLife> life = r.server.opens().life(found.front());
  if (!life || life->durable != core::DurableKind::kPersistent) return std::nullopt;
  std::optional<core::OpenView> open = r.server.opens().find(found.front());
  if (!open || open->share == nullptr || open->share->name != r.tree->share->name)
    return std::nullopt;
  return open;
}

}  // namespace

Result<core::OpenView> Request::find_open(smb2::FileId id) {
  // Whatever a related request says, it means the open of the one before (MS-SMB2 3.3.5.2.7.2).
  if (meta.header.is_related()) {
    if (chain.file_id)
      id = *chain.file_id;
    else if (id.is_all_ones())
      return fail(is_error(chain.status) ? chain.status : NtStatus::kFileClosed);
  }
  core::RequestMark mark;
  mark.channel_sequence = header.channel_sequence();
  mark.is_replay = header.is_replay();
  mark.verifies = connection.negotiated()->dialect >= smb2::Dialect::kSmb300;
  mark.modifies = header.command == Command::kWrite || header.command == Command::kSetInfo ||
                  header.command == Command::kIoctl;
  core::OpenTable& opens = server.opens();
  Result<core::OpenTable::Begun> begun = opens.begin_request(id, session->id, mark);
  if (!begun && begun.error() == NtStatus::kFileClosed) {
    if (std::optional<smb2::FileId> now = opens.renewed(id)) {
      id = *now;
      begun = opens.begin_request(id, session->id, mark);
    }
  }
  if (!begun && begun.error() == NtStatus::kFileClosed)
    if (std::optional<core::OpenView> lost = lost_open(*this, id)) return std::move(*lost);
  if (!begun) return fail(begun.error());
  if (begun->turn && !counted_at) counted_at = {id.volatile_id, *begun->turn};
  if (begun->view.tree != header.tree_id) return fail(NtStatus::kFileClosed);
  chain.file_id = id;
  return std::move(begun->view);
}

}  // namespace holdfast::service
