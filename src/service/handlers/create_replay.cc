// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/create_durable.h"
#include "service/server/hidden.h"
#include "service/server/security.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using State = core::CreateReplayTable::State;

core::CreateKey key_of(Request& r, const CreatePlan& plan) {
  if (!plan.contexts.durable_handle_request_v2) return {};
  return {r.connection.negotiated()->client_guid,
          plan.contexts.durable_handle_request_v2->create_guid};
}

}  // namespace

CreateReplay::CreateReplay(Request& r, const CreatePlan& plan)
    : request_(r), plan_(plan), key_(key_of(r, plan)) {}

CreateReplay::~CreateReplay() {
  if (pending_) request_.server.create_replays().finish(key_, 0);
}

Result<std::optional<CreateReplay::Before>> CreateReplay::begin() {
  if (key_.create_guid.is_zero()) return std::nullopt;
  core::CreateReplayTable& table = request_.server.create_replays();
  core::CreateReplayTable::Known known = table.begin(key_);
  if (known.state == State::kDone) {
    std::optional<core::OpenLife> life = request_.server.opens().life(known.open);
    if (life && life->replay_eligible) {
      Result<Before> before = found(known.open);
      if (!before) return fail(before.error());
      return std::optional(std::move(*before));
    }
    // Its client has used it: the CREATE was answered, and this is another one.
    table.forget(key_, known.open);
    known = table.begin(key_);
  }
  // docs/decisions/0004-create-replay-while-pending.md
  if (known.state != State::kNew)
    return fail(request_.header.is_replay() ? NtStatus::kFileNotAvailable
                                            : NtStatus::kDuplicateObjectid);
  pending_ = true;
  // A client that loses the channel replays the CREATE on another one (3.2.7.1), and shall then get
  // what became of this one. 3.3.7.1 would have it cancelled, if the object store can; Windows
  // lets it go on.
  request_.outlives_channel = true;
  return std::nullopt;
}

void CreateReplay::finish(core::OpenId open) {
  if (!pending_) return;
  pending_ = false;
  core::CreateReplayTable& table = request_.server.create_replays();
  table.finish(key_, open);
  // Closed meanwhile (its connection or its volume has ended): nobody else would forget it.
  if (open != 0 && !request_.server.opens().find(open)) table.forget(key_, open);
}

Result<CreateReplay::Before> CreateReplay::found(core::OpenId id) {
  core::OpenTable& opens = request_.server.opens();
  if (!request_.header.is_replay()) return fail(NtStatus::kDuplicateObjectid);
  std::optional<core::OpenView> open = opens.find(id);
  if (!open) return fail(NtStatus::kFileNotAvailable);
  if (open->identity->sid != request_.identity->sid) return fail(NtStatus::kAccessDenied);
  // A lease, or the other lease, would not be the one that the open has.
  core::CachingGrant held = opens.held_by(id);
  bool leased = held.level == smb2::OplockLevel::kLease;
  bool asks_lease = plan_.caching.level == smb2::OplockLevel::kLease;
  if (asks_lease && !(leased && held.lease.id.key == plan_.caching.lease.id.key))
    return fail(NtStatus::kAccessDenied);
  std::optional<core::OpenLife> life = opens.life(id);
  // A persistent open stays eligible (MS-SMB2 3.3.5.2.10), until it has been changed through
  // (smbtorture's persistent-open.replay-multi).
  if (life && life->used && !life->disconnected) return fail(NtStatus::kFileNotAvailable);
  if (life && life->disconnected)
    return reclaim(*open, life->durable == core::DurableKind::kPersistent);
  if (open->session != request_.session->id || open->tree != request_.header.tree_id)
    return fail(NtStatus::kDuplicateObjectid);
  return Before{std::move(*open), std::move(held)};
}

/// The answer was lost with its connection: the replay reclaims the open.
Result<CreateReplay::Before> CreateReplay::reclaim(const core::OpenView& open, bool persistent) {
  core::Reclaim claim;
  claim.persistent_id = open.persistent_id;
  claim.version2 = true;
  claim.create_guid = key_.create_guid;
  claim.persistent = persistent;
  claim.client_guid = key_.client_guid;
  if (plan_.caching.level == smb2::OplockLevel::kLease) {
    claim.lease_key = plan_.caching.lease.id.key;
    if (plan_.caching.lease.version >= 2) claim.lease_epoch = plan_.caching.lease.epoch;
  }
  claim.path = plan_.path.path;
  claim.session = request_.session->id;
  claim.tree = request_.header.tree_id;
  claim.connection = request_.connection.id();
  claim.share = request_.tree->share;
  claim.identity = request_.identity;
  claim.channel_sequence = request_.header.channel_sequence();
  Result<core::OpenTable::Reclaimed> back = request_.server.opens().reclaim(claim);
  if (!back) return fail(back.error());
  request_.server.waits().wake(back->wakes);
  request_.breaks_afterwards = std::move(back->breaks);
  core::CachingGrant caching = std::move(back->caching);
  return Before{std::move(*back), std::move(caching)};
}

Task<Reply> answer_replay(Request& r, const CreatePlan& plan, CreateReplay::Before before) {
  const core::OpenView& open = before.open;
  CreateOutcome out;
  out.id = open.id;
  Result<ports::FileInfo> info = co_await open.file->info(r.io());
  if (!info) co_return error_reply(info.error());
  co_await show_hidden(r, open, *info);
  out.opened.info = *info;
  if (plan.contexts.query_maximal_access) {
    Result<std::uint32_t> maximal =
        co_await maximal_access_of(r.io(), *r.tree, *r.identity, *open.file, *info, plan.path.path);
    if (!maximal) co_return error_reply(maximal.error());
    out.maximal = *maximal;
  }
  std::optional<core::OpenLife> life = r.server.opens().life(open.id);
  if (!life) co_return error_reply(NtStatus::kFileClosed);
  out.action = life->create_action;
  out.caching = std::move(before.caching);
  out.durable = {life->durable, life->durable_timeout_ms};
  // A client that asks for less now gets the answer that goes with it; the open keeps what it has.
  if (out.caching.level != smb2::OplockLevel::kLease && plan.caching.level < out.caching.level) {
    out.caching.level = plan.caching.level;
    if (out.durable.kind != core::DurableKind::kPersistent) out.durable = {};
  }
  r.chain.file_id = open.file_id();
  co_return create_answer(plan, out, open.file_id());
}

}  // namespace holdfast::service::handlers
