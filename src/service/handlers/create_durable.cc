// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/create_durable.h"

#include <algorithm>

#include "service/server/closing.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

std::uint32_t granted_timeout_ms(std::uint32_t asked_ms) {
  return asked_ms == 0 ? limits::kDurableTimeout_ms
                       : std::min(asked_ms, limits::kMaxDurableTimeout_ms);
}

/// What the contexts ask for, before anybody asks whether it can be promised.
core::DurableGrant wanted(Request& r, const CreatePlan& plan) {
  const smb2::CreateContextList& c = plan.contexts;
  if (c.durable_handle_request_v2) {
    std::uint32_t timeout_ms = granted_timeout_ms(c.durable_handle_request_v2->timeout_ms);
    // Capability and share flag were announced only where they hold (3.3.5.4, 3.3.5.7).
    bool persistent = (c.durable_handle_request_v2->flags & smb2::kDhandleFlagPersistent) != 0 &&
                      r.tree->share->continuous_availability;
    return {persistent ? core::DurableKind::kPersistent : core::DurableKind::kVersion2, timeout_ms};
  }
  if (c.durable_handle_request)
    return {core::DurableKind::kVersion1, limits::kDurableTimeoutVersion1_ms};
  return {};
}

}  // namespace

NtStatus check_durable_contexts(std::uint16_t dialect, smb2::CreateContextList& c) {
  if (dialect < smb2::Dialect::kSmb300) {
    c.durable_handle_request_v2.reset();
    c.durable_handle_reconnect_v2.reset();
    c.app_instance_id.reset();
  }
  if (dialect < smb2::Dialect::kSmb311) c.app_instance_version.reset();
  bool version1 = c.durable_handle_request || c.durable_handle_reconnect;
  bool version2 = c.durable_handle_request_v2 || c.durable_handle_reconnect_v2;
  if (version1 && version2) return NtStatus::kInvalidParameter;
  if (c.durable_handle_request_v2 && c.durable_handle_reconnect_v2)
    return NtStatus::kInvalidParameter;
  // 3.3.5.9.7: who reclaims asks for nothing anew.
  if (c.durable_handle_reconnect) c.durable_handle_request.reset();
  return NtStatus::kSuccess;
}

Task<NtStatus> take_over_app_instance(Request& r, const CreatePlan& plan) {
  if (!plan.app_instance || r.tree->share->vfs == nullptr) co_return NtStatus::kSuccess;
  // One after the other: the application may have had the file open more than once.
  for (std::size_t i = 0; i < limits::kMaxAppInstanceOpens; ++i) {
    Result<core::OpenId> other = r.server.opens().of_app_instance(
        *plan.app_instance, r.connection.negotiated()->client_guid, *r.tree->share, plan.path.path);
    if (!other) co_return other.error();
    if (*other == 0) break;
    (void)co_await close_open(r.server, r.loop, *other);
  }
  co_return NtStatus::kSuccess;
}

std::optional<ByteVec> creation_mark(Request& r, const CreatePlan& plan) {
  if (r.tree->share->failover == nullptr || !plan.path.stream.empty() ||
      wanted(r, plan).kind != core::DurableKind::kPersistent)
    return std::nullopt;
  const Guid& client = r.connection.negotiated()->client_guid;
  const Guid& create = plan.contexts.durable_handle_request_v2->create_guid;
  ByteVec mark(client.octets.begin(), client.octets.end());
  mark.insert(mark.end(), create.octets.begin(), create.octets.end());
  return mark;
}

Task<bool> made_before(Request& r, const CreatePlan& plan, const ports::Opened& opened) {
  if (!r.header.is_replay() || !plan.may_create()) co_return false;
  std::optional<ByteVec> mine = creation_mark(r, plan);
  if (!mine) co_return false;
  Result<std::optional<ByteVec>> mark = co_await opened.file->creation_mark(r.io());
  co_return mark && *mark && **mark == *mine;
}

core::DurableGrant grant_durable(Request& r, const CreatePlan& plan, const CreateOutcome& out) {
  core::DurableGrant grant = wanted(r, plan);
  // 3.3.5.9.10: directories are not made durable, only persistent.
  if (grant.kind == core::DurableKind::kNone) return {};
  if (out.opened.info.is_directory && grant.kind != core::DurableKind::kPersistent) return {};
  return r.server.opens().make_durable(out.id, grant);
}

}  // namespace holdfast::service::handlers
