// SPDX-License-Identifier: Apache-2.0
#include "core/path/tunnel_cache.h"
#include "service/failover/failover.h"
#include "service/handlers/apple.h"
#include "service/handlers/create_context_answers.h"
#include "service/handlers/create_durable.h"
#include "service/handlers/create_steps.h"
#include "service/handlers/handlers.h"
#include "service/handlers/quota.h"
#include "service/handlers/short_names.h"
#include "service/server/hidden.h"
#include "service/server/times.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

// Opening what another client creates or removes at the same moment is tried again so often.
constexpr int kMaxTries = 8;
// So many breaks of others' oplocks and leases are waited for.
constexpr int kMaxWaits = 32;

/// Finds or makes the object and enters the open (MS-SMB2 3.3.5.9, "Open Execution").
Task<NtStatus> execute(Request& r, CreatePlan& plan, CreateOutcome& out) {
  NtStatus status = NtStatus::kSuccess;
  bool short_names = may_have_short_names(plan.path.path);
  int waits = 0;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    status = co_await open_existing(r, plan, out);
    if (short_names &&
        (status == NtStatus::kObjectNameNotFound || status == NtStatus::kObjectPathNotFound)) {
      short_names = false;
      plan.path.path = co_await with_long_names(r, plan.path.path);
      status = co_await open_existing(r, plan, out);
    }
    for (; status == NtStatus::kPending && waits < kMaxWaits; ++waits)
      status = co_await open_existing(r, plan, out);
    if (status == NtStatus::kPending) status = NtStatus::kSharingViolation;
    if (status != NtStatus::kObjectNameNotFound || !plan.may_create()) break;
    if (!plan.posix)
      plan.path.path = r.server.tunnel_cache().name_for(plan.vfs.get(), plan.path.path,
                                                        r.loop.clock().monotonic_us());
    status = co_await create_new(r, plan, out);
    // Somebody else was faster: then it exists, and is opened or collided with.
    if (status != NtStatus::kObjectNameCollision) break;
  }
  co_return status;
}

/// A persistent open is granted when it, and the object that was made for it, would be there after
/// the loss of the server (of the machine, where the share says so). Otherwise it is granted as one
/// that is not.
Task<void> keep_promise(Request& r, const core::OpenView& open, CreateOutcome& out) {
  if (!r.server.opens().outlives_server(out.id)) co_return;
  bool persistent = out.durable.kind == core::DurableKind::kPersistent;
  NtStatus status = NtStatus::kSuccess;
  Failover& failover = r.server.failover();
  bool unwritten = out.action != smb2::CreateAction::kOpened ||
                   (is_young(out.opened.info, r.server.env().clock.now()) &&
                    !failover.is_on_disk(out.opened.info));
  if (persistent && r.tree->share->stable_writes && unwritten) {
    Result<void> synced = co_await open.file->flush(r.io());
    if (synced)
      failover.now_on_disk(out.opened.info);
    else
      status = synced.error();
  }
  if (status == NtStatus::kSuccess) status = co_await settle(r, open.persistent_id);
  if (out.action == smb2::CreateAction::kCreated) {
    co_await open.file->clear_creation_mark(r.io());
    if (Result<ports::FileInfo> info = co_await open.file->info(r.io())) {
      out.opened.info = *info;
      show_hidden(*r.tree->share, out.opened.path, out.opened.info);
    }
  }
  if (status == NtStatus::kSuccess) co_return;
  r.server.opens().take_back_durable(out.id);
  out.durable = {};
}

}  // namespace

Reply create_answer(const CreatePlan& plan, const CreateOutcome& out, smb2::FileId file_id) {
  const ports::FileInfo& info = out.opened.info;
  smb2::CreateResponse response;
  response.oplock_level = out.caching.level;
  response.create_action = out.action;
  response.creation_time = info.creation_time;
  response.last_access_time = info.last_access_time;
  response.last_write_time = info.last_write_time;
  response.change_time = info.change_time;
  response.allocation_size = info.allocation_size;
  response.end_of_file = info.end_of_file;
  response.file_attributes = info.attributes;
  if (info.reparse_tag != 0) response.flags = smb2::CreateResponse::kFlagReparsePoint;
  response.file_id = file_id;
  ByteVec contexts = create_context_answers(plan, out);
  response.create_contexts = contexts;
  return body_reply(response);
}

/// MS-SMB2 3.3.5.9.
Task<Reply> create(Request& r) {
  r.chain.file_id.reset();
  if (r.tree->share->type == core::ShareType::kPipe) co_return co_await create_pipe(r);
  smb2::CreateRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  if (is_quota_file(request.name)) co_return co_await create_quota_file(r);
  Result<CreatePlan> plan = plan_create(r, std::move(request));
  if (!plan) co_return error_reply(plan.error());
  if (plan->reclaims()) co_return co_await create_reconnect(r, *plan);
  if (NtStatus s = co_await choose_vfs(r, *plan); s != NtStatus::kSuccess) co_return error_reply(s);
  // The same client's CREATE may have come before (3.3.5.9.10), or that of its application through
  // another client (3.3.5.9.13).
  if (NtStatus s = co_await take_over_app_instance(r, *plan); s != NtStatus::kSuccess)
    co_return error_reply(s);
  CreateReplay replay(r, *plan);
  Result<std::optional<CreateReplay::Before>> before = replay.begin();
  if (!before) co_return error_reply(before.error());
  if (*before) co_return co_await answer_replay(r, *plan, std::move(**before));
  CreateOutcome out;
  NtStatus status = co_await execute(r, *plan, out);
  if (status == NtStatus::kStoppedOnSymlink || status == NtStatus::kObjectPathNotFound)
    co_return co_await symlink_reply(r, *plan, status);
  if (status != NtStatus::kSuccess) co_return error_reply(status);
  show_hidden(*r.tree->share, out.opened.path, out.opened.info);
  r.server.counters().files_opened.fetch_add(1, std::memory_order_relaxed);
  std::optional<core::OpenView> open = r.server.opens().find(out.id);
  if (!open) co_return error_reply(NtStatus::kFileClosed);
  r.chain.file_id = open->file_id();
  out.durable = grant_durable(r, *plan, out);
  if (plan->contexts.aapl) out.aapl = answer_aapl(r, *plan->contexts.aapl);
  out.without_file_id = speaks_apple(r);
  r.server.opens().set_created(out.id, out.action);
  co_await keep_promise(r, *open, out);
  replay.finish(out.id);
  co_return create_answer(*plan, out, open->file_id());
}

}  // namespace holdfast::service::handlers
