// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "core/access/access_check.h"
#include "core/dfs/dfs.h"
#include "core/path/snapshot_token.h"
#include "service/handlers/create_durable.h"
#include "service/handlers/create_steps.h"
#include "wire/fscc/ea.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Access = smb2::FileAccess;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;
using smb2::CreateAction, smb2::CreateDisposition;
using wire::dtyp::SecurityDescriptor;

/// The checks that need nothing but the request (MS-SMB2 3.3.5.9, MS-FSA 2.1.5.1).
NtStatus check_request(const smb2::CreateRequest& q) {
  constexpr std::uint32_t kKnownOptions = 0x00FFFFFF;
  constexpr std::uint32_t kSettable = 0x00007FB7;
  if (q.impersonation_level > smb2::ImpersonationLevel::kDelegate)
    return NtStatus::kBadImpersonationLevel;
  if ((q.desired_access & wire::dtyp::access::kInvalid) != 0) return NtStatus::kAccessDenied;
  if ((q.share_access & ~smb2::ShareAccess::kAll) != 0) return NtStatus::kInvalidParameter;
  if (q.create_disposition > CreateDisposition::kOverwriteIf) return NtStatus::kInvalidParameter;
  if ((q.create_options & ~kKnownOptions) != 0) return NtStatus::kInvalidParameter;
  if ((q.file_attributes & ~kSettable) != 0) return NtStatus::kInvalidParameter;
  bool directory = (q.create_options & Options::kDirectoryFile) != 0;
  if (directory && (q.create_options & Options::kNonDirectoryFile) != 0)
    return NtStatus::kInvalidParameter;
  if (directory && q.create_disposition != CreateDisposition::kCreate &&
      q.create_disposition != CreateDisposition::kOpen &&
      q.create_disposition != CreateDisposition::kOpenIf)
    return NtStatus::kInvalidParameter;
  if ((q.create_options &
       (Options::kCreateTreeConnection | Options::kOpenByFileId | Options::kReserveOpfilter)) != 0)
    return NtStatus::kNotSupported;
  bool deletes =
      (q.desired_access & (Access::kDelete | Access::kGenericAll | Access::kMaximumAllowed)) != 0;
  if ((q.create_options & Options::kDeleteOnClose) != 0 && !deletes) return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

/// Reads the create contexts. What belongs to leases and durable handles is understood
/// and answered as a server without them does (MS-SMB2 3.3.5.9.x).
NtStatus read_contexts(CreatePlan& plan) {
  const smb2::CreateContextList& c = plan.contexts;
  if (c.timewarp_token && c.timewarp_token->timestamp.ticks != 0)
    plan.snapshot = c.timewarp_token->timestamp;
  if (c.ea_buffer) {
    auto list = wire::fscc::decode_ea_list(*c.ea_buffer);
    if (!list) return list.error().status;
    for (auto& ea : *list) plan.eas.push_back({std::move(ea.name), ea.flags, std::move(ea.value)});
    if (!plan.eas.empty() && plan.wants(Options::kNoEaKnowledge)) return NtStatus::kAccessDenied;
  }
  if (c.sd_buffer) {
    Result<SecurityDescriptor> sd = wire::dtyp::decode_security_descriptor(*c.sd_buffer);
    if (!sd) return sd.error();
    plan.creator_sd = std::move(*sd);
  }
  return NtStatus::kSuccess;
}

/// In a DFS namespace names begin with server and share (MS-SMB2 3.3.5.9).
Result<core::ParsedPath> parse_name(Request& r, const std::string& name) {
  bool dfs = (r.header.flags & smb2::HeaderFlags::kDfsOperations) != 0;
  return dfs && !r.tree->share->dfs_links.empty() ? core::parse_path(core::without_dfs_prefix(name))
                                                  : core::parse_path(name);
}

/// MS-SMB2 3.3.5.9.8, 3.3.5.9.11: leases since 2.1, of version 2 since 3.0.
core::CachingRequest read_caching(Request& r, const CreatePlan& plan) {
  core::CachingRequest out;
  out.level = plan.request.requested_oplock_level;
  if (out.level != smb2::OplockLevel::kLease) return out;
  const std::optional<smb2::LeaseContext>& lease = plan.contexts.lease;
  std::uint16_t dialect = r.connection.negotiated()->dialect;
  std::uint16_t needed =
      lease && lease->version >= 2 ? smb2::Dialect::kSmb300 : smb2::Dialect::kSmb210;
  if (!lease || dialect < needed) return {};
  out.lease.id = {r.connection.negotiated()->client_guid, lease->lease_key};
  out.lease.state = lease->lease_state;
  out.lease.version = lease->version;
  out.lease.epoch = lease->epoch;
  if (lease->version >= 2 && (lease->lease_flags & smb2::LeaseFlags::kParentLeaseKeySet) != 0)
    out.lease.parent = lease->parent_lease_key;
  return out;
}

std::optional<core::AppInstance> read_app_instance(const CreatePlan& plan) {
  const smb2::CreateContextList& c = plan.contexts;
  if (!c.app_instance_id) return std::nullopt;
  core::AppInstance app{c.app_instance_id->app_instance_id, std::nullopt};
  if (c.app_instance_version)
    app.version = {c.app_instance_version->app_instance_version_high,
                   c.app_instance_version->app_instance_version_low};
  return app;
}

/// The client uses the SMB3 POSIX extensions on this open.
bool speaks_posix(Request& r, const CreatePlan& plan) {
  return plan.contexts.posix && r.connection.negotiated()->posix_extensions &&
         r.tree->share->exact_vfs != nullptr;
}

}  // namespace

Result<CreatePlan> plan_create(Request& r, smb2::CreateRequest request) {
  CreatePlan plan;
  plan.request = std::move(request);
  if (!decode(plan.request.create_contexts, plan.contexts).ok())
    return fail(NtStatus::kInvalidParameter);
  if (NtStatus s = check_durable_contexts(r.connection.negotiated()->dialect, plan.contexts);
      s != NtStatus::kSuccess)
    return fail(s);
  if (plan.reclaims()) {
    // Only the name and the contexts count; the name only where there is a lease.
    std::string name = utf16le_to_utf8(plan.request.name);
    plan.posix = speaks_posix(r, plan);
    if (auto path = plan.posix ? core::parse_posix_path(name) : core::parse_path(name))
      plan.path = std::move(*path);
    return plan;
  }
  if (NtStatus s = check_request(plan.request); s != NtStatus::kSuccess) return fail(s);
  if (NtStatus s = read_contexts(plan); s != NtStatus::kSuccess) return fail(s);
  plan.posix = speaks_posix(r, plan);
  std::string name = utf16le_to_utf8(plan.request.name);
  // Where there are no previous versions it is a name like any other.
  if (r.tree->share->snapshots != nullptr)
    if (std::optional<NtTime> then = core::take_snapshot_token(name)) plan.snapshot = then;
  Result<core::ParsedPath> path = plan.posix ? core::parse_posix_path(name) : parse_name(r, name);
  if (!path) return fail(path.error());
  plan.path = std::move(*path);
  if (!r.tree->share->streams && (!plan.path.stream.empty() || plan.path.has_stream_type))
    return fail(NtStatus::kObjectNameInvalid);
  // MS-SMB2 3.3.5.9; the link itself can be looked at.
  const core::DfsLink* link = core::covering_link(*r.tree->share, plan.path.path);
  if (link != nullptr &&
      (!plan.wants(Options::kOpenReparsePoint) || !same_name(link->path, plan.path.path)))
    return fail(NtStatus::kPathNotCovered);
  bool directory = plan.wants(Options::kDirectoryFile) || plan.path.is_index_allocation;
  if (plan.path.trailing_separator && plan.wants(Options::kNonDirectoryFile))
    return fail(NtStatus::kObjectNameInvalid);
  if (directory && (!plan.path.stream.empty() || plan.path.has_stream_type))
    return fail(NtStatus::kNotADirectory);
  plan.caching = read_caching(r, plan);
  plan.app_instance = read_app_instance(plan);
  plan.desired = core::map_generic(plan.request.desired_access);
  plan.maximum_allowed = (plan.desired & Access::kMaximumAllowed) != 0;
  plan.desired &= ~Access::kMaximumAllowed;
  if (plan.desired == 0 && !plan.maximum_allowed) return fail(NtStatus::kAccessDenied);
  return plan;
}

}  // namespace holdfast::service::handlers
