// SPDX-License-Identifier: Apache-2.0
#include "service/failover/failover.h"
#include "service/handlers/create_durable.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "service/server/hidden.h"
#include "service/server/keeping.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

smb2::FileId named_by(const CreatePlan& plan) {
  if (const auto& v2 = plan.contexts.durable_handle_reconnect_v2) return v2->file_id;
  return plan.contexts.durable_handle_reconnect->data;
}

core::Reclaim claim_of(Request& r, const CreatePlan& plan) {
  core::Reclaim claim;
  if (const auto& v2 = plan.contexts.durable_handle_reconnect_v2) {
    claim.version2 = true;
    claim.persistent_id = v2->file_id.persistent;
    claim.create_guid = v2->create_guid;
    claim.persistent = (v2->flags & smb2::kDhandleFlagPersistent) != 0;
  } else {
    claim.persistent_id = plan.contexts.durable_handle_reconnect->data.persistent;
  }
  claim.client_guid = r.connection.negotiated()->client_guid;
  if (const auto& lease = plan.contexts.lease) {
    claim.lease_key = lease->lease_key;
    if (lease->version >= 2) claim.lease_epoch = lease->epoch;
  }
  claim.path = plan.path.path;
  claim.session = r.session->id;
  claim.tree = r.header.tree_id;
  claim.connection = r.connection.id();
  claim.share = r.tree->share;
  claim.identity = r.identity;
  claim.channel_sequence = r.header.channel_sequence();
  return claim;
}

// How long a reclaim waits for what was in progress when the connection was lost.
constexpr std::uint64_t kSettleStep_us = 1'000;
constexpr int kSettleSteps = 30'000;

/// A WRITE that was in progress when the connection was lost must not land on what comes now: the
/// client learns that it has its handle back when those have ended.
Task<void> let_settle(Request& r, core::OpenId id) {
  for (int i = 0; i < kSettleSteps; ++i) {
    std::optional<core::OpenLife> life = r.server.opens().life(id);
    if (!life || life->channel.outstanding_before() == 0) co_return;
    co_await ports::sleep_for(r.loop, kSettleStep_us);
  }
}

// How long a reclaim waits for the end of the connection that the open had.
constexpr int kLossSteps = 100;

/// The client may come back over one loop before another has noticed that it has left there.
Task<void> wait_for_loss(Request& r, smb2::FileId id) {
  core::OpenTable& opens = r.server.opens();
  for (int i = 0; i < kLossSteps; ++i) {
    std::optional<core::OpenView> open = opens.find(id.volatile_id);
    if (!open || open->persistent_id != id.persistent || open->session == 0 ||
        open->session == r.session->id)
      co_return;
    co_await ports::sleep_for(r.loop, kSettleStep_us);
  }
}

}  // namespace

/// MS-SMB2 3.3.5.9.7, 3.3.5.9.12. Nothing of the request counts but what names the open: other
/// contexts beside it are answered, not refused (the Linux client sends QFid).
Task<Reply> create_reconnect(Request& r, const CreatePlan& plan) {
  core::OpenTable& opens = r.server.opens();
  core::Reclaim claim = claim_of(r, plan);
  Result<core::OpenTable::Reclaimed> open = opens.reclaim(claim);
  if (!open && open.error() == NtStatus::kObjectNameNotFound) {
    co_await wait_for_loss(r, named_by(plan));
    open = opens.reclaim(claim);
  }
  if (!open && open.error() == NtStatus::kObjectNameNotFound && claim.persistent &&
      r.tree->share->continuous_availability) {
    // A client that never got the answer does not know the id (3.3.5.9.12).
    claim.persistent_id = opens.disconnected_of_guid(claim.create_guid, *claim.share);
    if (claim.persistent_id != 0) open = opens.reclaim(claim);
  }
  if (!open) co_return error_reply(open.error());
  r.server.waits().wake(open->wakes);
  r.breaks_afterwards = std::move(open->breaks);
  // Whoever ends a session takes its trees first, then looks for its opens.
  if (!r.session->tree(r.header.tree_id)) {
    if (!keep_open(r.server, r.loop, open->id))
      (void)co_await close_open(r.server, r.loop, open->id);
    co_return error_reply(NtStatus::kNetworkNameDeleted);
  }
  co_await let_settle(r, open->id);
  r.server.failover().reclaimed(*open, opens.path_of(open->id), r.driver.peer().address_string());
  Result<ports::FileInfo> info = co_await open->file->info(r.io());
  if (!info) co_return error_reply(info.error());
  co_await show_hidden(r, *open, *info);
  if (claim.persistent) {
    r.connection.gave_back();
    ask_for_unwritten(r.server, r.loop, *open, open->caching);
  }
  CreateOutcome out;
  out.id = open->id;
  out.opened.info = *info;
  out.maximal = open->access;
  out.caching = open->caching;
  r.chain.file_id = open->file_id();
  co_return create_answer(plan, out, open->file_id());
}

}  // namespace holdfast::service::handlers
