// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "core/access/access_check.h"
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
  constexpr std::uint32_t kSettable = 0x00005FB7 | Attributes::kEncrypted | Attributes::kNormal;
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
  if ((q.create_options & (Options::kOpenByFileId | Options::kReserveOpfilter)) != 0)
    return NtStatus::kNotSupported;
  bool deletes =
      (q.desired_access & (Access::kDelete | Access::kGenericAll | Access::kMaximumAllowed)) != 0;
  if ((q.create_options & Options::kDeleteOnClose) != 0 && !deletes) return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

/// Reads the create contexts. What belongs to leases, durable handles and snapshots is understood
/// and answered as a server without them does (MS-SMB2 3.3.5.9.x).
NtStatus read_contexts(CreatePlan& plan) {
  if (!decode(plan.request.create_contexts, plan.contexts).ok()) return NtStatus::kInvalidParameter;
  const smb2::CreateContextList& c = plan.contexts;
  if (c.durable_handle_reconnect || c.durable_handle_reconnect_v2)
    return NtStatus::kObjectNameNotFound;
  if (c.timewarp_token && c.timewarp_token->timestamp.ticks != 0)
    return NtStatus::kObjectNameNotFound;
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

}  // namespace

Result<CreatePlan> plan_create(Request& r) {
  CreatePlan plan;
  if (!decode(r.message, plan.request)) return fail(NtStatus::kInvalidParameter);
  if (NtStatus s = check_request(plan.request); s != NtStatus::kSuccess) return fail(s);
  Result<core::ParsedPath> path = core::parse_path(utf16le_to_utf8(plan.request.name));
  if (!path) return fail(path.error());
  plan.path = std::move(*path);
  bool directory = plan.wants(Options::kDirectoryFile) || plan.path.is_index_allocation;
  if (plan.path.trailing_separator && plan.wants(Options::kNonDirectoryFile))
    return fail(NtStatus::kObjectNameInvalid);
  if (directory && (!plan.path.stream.empty() || plan.path.has_stream_type))
    return fail(NtStatus::kNotADirectory);
  if (NtStatus s = read_contexts(plan); s != NtStatus::kSuccess) return fail(s);
  plan.desired = core::map_generic(plan.request.desired_access);
  plan.maximum_allowed = (plan.desired & Access::kMaximumAllowed) != 0;
  plan.desired &= ~Access::kMaximumAllowed;
  if (plan.desired == 0 && !plan.maximum_allowed) return fail(NtStatus::kAccessDenied);
  return plan;
}

}  // namespace holdfast::service::handlers
