// SPDX-License-Identifier: Apache-2.0
#include "service/handlers/create_context_answers.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

namespace {

/// MS-SMB2 2.2.14.2.10, 2.2.14.2.11.
smb2::LeaseContext lease_answer(const core::CachingGrant& caching) {
  smb2::LeaseContext out;
  out.version = caching.lease.version;
  out.lease_key = caching.lease.id.key;
  out.lease_state = caching.lease.state;
  if (caching.breaking) out.lease_flags |= smb2::LeaseFlags::kBreakInProgress;
  out.epoch = caching.lease.epoch;
  if (caching.lease.parent) {
    out.lease_flags |= smb2::LeaseFlags::kParentLeaseKeySet;
    out.parent_lease_key = *caching.lease.parent;
  }
  return out;
}

}  // namespace

ByteVec create_context_answers(const CreatePlan& plan, const CreateOutcome& out) {
  const smb2::CreateContextList& asked = plan.contexts;
  const ports::FileInfo& info = out.opened.info;
  smb2::CreateContextResponseList answers;
  if (asked.query_maximal_access) {
    // A client that knows the file as it is gets no answer in vain (MS-SMB2 3.3.5.9.5).
    smb2::QueryMaximalAccessResponse& a = answers.query_maximal_access.emplace();
    if (asked.query_maximal_access->timestamp.ticks != 0 &&
        asked.query_maximal_access->timestamp == info.change_time)
      a.query_status = static_cast<std::uint32_t>(NtStatus::kNoneMapped);
    else
      a.maximal_access = out.maximal;
  }
  if (asked.query_on_disk_id)
    answers.query_on_disk_id =
        smb2::QueryOnDiskIdResponse{out.without_file_id ? 0 : info.key.inode, info.key.device};
  if (plan.posix)
    answers.posix = smb2::PosixCreateResponse{info.link_count, info.reparse_tag, info.mode & 07777,
                                              sids::kUnixUsers.with(info.uid),
                                              sids::kUnixGroups.with(info.gid)};
  if (out.caching.level == smb2::OplockLevel::kLease) answers.lease = lease_answer(out.caching);
  if (out.durable.kind == core::DurableKind::kVersion1) answers.durable_handle.emplace();
  if (out.durable.kind == core::DurableKind::kVersion2 ||
      out.durable.kind == core::DurableKind::kPersistent) {
    bool persistent = out.durable.kind == core::DurableKind::kPersistent;
    answers.durable_handle_v2 = smb2::DurableHandleResponseV2{
        out.durable.timeout_ms, persistent ? smb2::kDhandleFlagPersistent : 0};
  }
  answers.aapl = out.aapl;
  if (answers.empty()) return {};
  Buffer octets;
  Writer writer(octets);
  encode(answers, writer);
  return to_vec(octets);
}

}  // namespace holdfast::service::handlers
