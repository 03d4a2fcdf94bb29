// SPDX-License-Identifier: Apache-2.0
#include "core/access/data_access.h"
#include "service/handlers/apple.h"
#include "service/handlers/create_durable.h"
#include "service/handlers/create_steps.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/security.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Access = smb2::FileAccess;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;
using smb2::CreateAction, smb2::CreateDisposition;
using wire::dtyp::SecurityDescriptor;

/// Does the kind of object fit what was asked for (MS-FSA 2.1.5.1.2)?
NtStatus check_kind(const CreatePlan& plan, const ports::FileInfo& info) {
  if (info.is_directory) {
    if (!plan.path.stream.empty()) return NtStatus::kSuccess;  // a stream of a directory
    if (plan.wants(Options::kNonDirectoryFile) || plan.path.has_stream_type)
      return NtStatus::kFileIsADirectory;
    return plan.overwrites() ? NtStatus::kObjectNameCollision : NtStatus::kSuccess;
  }
  if (plan.wants(Options::kDirectoryFile) || plan.path.is_index_allocation)
    return NtStatus::kNotADirectory;
  return plan.path.trailing_separator ? NtStatus::kObjectNameInvalid : NtStatus::kSuccess;
}

/// Overwriting keeps HIDDEN and SYSTEM from being lost by accident, and READONLY from being ignored
/// (MS-FSA 2.1.5.1.2.1).
NtStatus check_attributes(const CreatePlan& plan, const ports::FileInfo& info) {
  bool read_only = (info.attributes & Attributes::kReadonly) != 0 && !info.is_directory;
  if (read_only && plan.wants(Options::kDeleteOnClose)) return NtStatus::kCannotDelete;
  if (!plan.overwrites()) return NtStatus::kSuccess;
  if (read_only) return NtStatus::kAccessDenied;
  // An object that only its name hides has nothing to lose: info is what is stored.
  for (std::uint32_t bit : {Attributes::kHidden, Attributes::kSystem})
    if ((info.attributes & bit) != 0 && (plan.request.file_attributes & bit) == 0)
      return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

}  // namespace

Result<std::uint32_t> grant_access(Request& r, const CreatePlan& plan, const ports::FileInfo& info,
                                   std::uint32_t maximal, std::uint32_t also) {
  std::uint32_t needed = plan.desired | also;
  if ((needed & Access::kAccessSystemSecurity) != 0) {
    if (!token_of(*r.identity).security_privilege) return fail(NtStatus::kPrivilegeNotHeld);
    maximal |= Access::kAccessSystemSecurity;
  }
  bool read_only = (info.attributes & Attributes::kReadonly) != 0 && !info.is_directory;
  if (read_only) maximal &= ~core::kReadOnlyDenies;
  // READ_ATTRIBUTES comes with listing the parent, SYNCHRONIZE with anything (MS-FSA 2.1.5.1.2.1).
  std::uint32_t allowed = maximal | Access::kReadAttributes | Access::kSynchronize;
  if ((needed & ~allowed) != 0) return fail(NtStatus::kAccessDenied);
  return plan.maximum_allowed ? plan.desired | (maximal & Access::kAll) : plan.desired;
}

/// MS-FSA 2.1.5.1.2: the object exists.
Task<NtStatus> open_existing(Request& r, const CreatePlan& plan, CreateOutcome& out) {
  ports::Vfs& vfs = *plan.vfs;
  ports::OpenHow how;
  how.stream = plan.path.stream;
  how.open_reparse_point = plan.wants(Options::kOpenReparsePoint);
  Result<ports::Opened> opened = co_await vfs.open(r.io(), plan.path.path, how);
  if (!opened) co_return opened.error();
  out.opened = std::move(*opened);
  if (!plan.may_create() && is_no_stream(r, plan.path.stream, out.opened.info.end_of_file))
    co_return NtStatus::kObjectNameNotFound;
  bool ours = co_await made_before(r, plan, out.opened);
  if (plan.request.create_disposition == CreateDisposition::kCreate && !ours)
    co_return is_going(r, out.opened) ? NtStatus::kDeletePending : NtStatus::kObjectNameCollision;
  if (lease_is_elsewhere(r, plan, object_of(plan, out))) co_return NtStatus::kInvalidParameter;
  if (NtStatus s = check_kind(plan, out.opened.info); s != NtStatus::kSuccess) co_return s;
  if (NtStatus s = check_attributes(plan, out.opened.info); s != NtStatus::kSuccess) co_return s;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *out.opened.file, out.opened.info, out.opened.path);
  if (!maximal) co_return maximal.error();
  out.maximal = *maximal;
  Result<std::uint32_t> granted =
      grant_access(r, plan, out.opened.info, *maximal, plan.overwrites() ? Access::kWriteData : 0);
  if (!granted) co_return granted.error();
  out.granted = *granted;
  if (plan.wants(Options::kDeleteOnClose)) {
    // The removal itself comes with the last CLOSE, which cannot tell the client that it failed.
    if (Result<void> may = co_await out.opened.file->check_removable(r.io()); !may)
      co_return may.error();
  }

  bool is_file = !out.opened.info.is_directory || !plan.path.stream.empty();
  how.access = core::data_access(out.granted | (plan.overwrites() ? Access::kWriteData : 0));
  if (is_file && how.access != ports::DataAccess::kNone) {
    Result<ports::Opened> for_data = co_await vfs.open(r.io(), plan.path.path, how);
    if (!for_data && plan.maximum_allowed && for_data.error() == NtStatus::kAccessDenied &&
        core::data_access(plan.desired) != ports::DataAccess::kReadWrite) {
      how.access = ports::DataAccess::kRead;
      out.granted &= ~(Access::kWriteData | Access::kAppendData) | plan.desired;
      for_data = co_await vfs.open(r.io(), plan.path.path, how);
    }
    if (!for_data) co_return for_data.error();
    out.opened = std::move(*for_data);
  }
  if (NtStatus s = co_await enter_open(r, plan, out); s != NtStatus::kSuccess) co_return s;
  if (ours) out.action = CreateAction::kCreated;
  if (!plan.overwrites() || ours) co_return NtStatus::kSuccess;

  ports::CreateHow change;
  change.attributes = plan.request.file_attributes | Attributes::kArchive;
  change.eas = plan.eas;
  if (plan.contexts.allocation_size)
    change.allocation_size = plan.contexts.allocation_size->allocation_size;
  Result<ports::FileInfo> info = co_await vfs.overwrite(r.io(), *out.opened.file, change);
  if (!info) {
    (void)co_await close_open(r.server, r.loop, out.id);
    co_return info.error();
  }
  out.opened.info = *info;
  out.action = plan.request.create_disposition == CreateDisposition::kSupersede
                   ? CreateAction::kSuperseded
                   : CreateAction::kOverwritten;
  break_directory_leases(r.server, r.loop, *r.tree->share, out.opened.path,
                         plan.caching.lease.parent);
  report_change(r.server, *r.tree->share, out.opened.path, core::NotifyAction::kModified,
                smb2::CompletionFilter::kSize | smb2::CompletionFilter::kLastWrite |
                    smb2::CompletionFilter::kAttributes);
  co_return NtStatus::kSuccess;
}

}  // namespace holdfast::service::handlers
