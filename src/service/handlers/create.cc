// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/create_context_answers.h"
#include "service/handlers/create_steps.h"
#include "service/handlers/handlers.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

// Opening what another client creates or removes at the same moment is tried again so often.
constexpr int kMaxTries = 8;

Reply answer(const CreatePlan& plan, const CreateOutcome& out, smb2::FileId file_id) {
  const ports::FileInfo& info = out.opened.info;
  smb2::CreateResponse response;
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
  ByteVec contexts = create_context_answers(plan.contexts, info, out.maximal);
  response.create_contexts = contexts;
  return body_reply(response);
}

}  // namespace

/// MS-SMB2 3.3.5.9.
Task<Reply> create(Request& r) {
  r.chain.file_id.reset();
  if (r.tree->share->type == core::ShareType::kPipe) co_return co_await create_pipe(r);
  Result<CreatePlan> plan = plan_create(r);
  if (!plan) co_return error_reply(plan.error());
  CreateOutcome out;
  NtStatus status = NtStatus::kSuccess;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    status = co_await open_existing(r, *plan, out);
    if (status != NtStatus::kObjectNameNotFound || !plan->may_create()) break;
    status = co_await create_new(r, *plan, out);
    // Somebody else was faster: then it exists, and is opened or collided with.
    if (status != NtStatus::kObjectNameCollision) break;
  }
  if (status != NtStatus::kSuccess) co_return error_reply(status);
  r.server.counters().files_opened.fetch_add(1, std::memory_order_relaxed);
  std::optional<core::OpenView> open = r.server.opens().find(out.id);
  if (!open) co_return error_reply(NtStatus::kFileClosed);
  r.chain.file_id = open->file_id();
  co_return answer(*plan, out, open->file_id());
}

}  // namespace holdfast::service::handlers
