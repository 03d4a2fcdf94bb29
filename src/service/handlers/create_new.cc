// SPDX-License-Identifier: Apache-2.0
#include "core/access/inheritance.h"
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

/// The descriptor that a new object gets; none when neither the creator nor the parent has one.
Task<NtStatus> check_parent(Request& r, const CreatePlan& plan, bool directory,
                            ports::CreateHow& how) {
  Result<ports::Opened> parent =
      co_await plan.vfs->open(r.io(), core::parent_path(plan.path.path), ports::OpenHow{});
  if (!parent)
    co_return parent.error() == NtStatus::kObjectNameNotFound ? NtStatus::kObjectPathNotFound
                                                              : parent.error();
  if (!parent->info.is_directory) co_return NtStatus::kObjectPathNotFound;
  if (is_going(r, *parent)) co_return NtStatus::kDeletePending;
  std::uint32_t needed = directory ? Access::kAddSubdirectory : Access::kAddFile;
  if ((r.tree->maximal_access & needed) == 0) co_return NtStatus::kAccessDenied;
  Result<std::optional<ByteVec>> stored = co_await parent->file->security(r.io());
  if (!stored) co_return stored.error();
  Result<SecurityDescriptor> sd = SecurityDescriptor{};
  if (*stored)
    sd = wire::dtyp::decode_security_descriptor(**stored);
  else
    sd = co_await descriptor_of(r.io(), *r.tree->share, *parent->file, parent->info);
  if (!sd) co_return sd.error();
  core::AccessToken token = token_of(*r.identity);
  if ((core::maximum_access(*sd, token) & needed) == 0) co_return NtStatus::kAccessDenied;
  // On a share of Unix users a directory without a descriptor leaves it to the kernel.
  bool inherits = *stored || !r.tree->share->act_as_user;
  if (!inherits && !plan.creator_sd) co_return NtStatus::kSuccess;
  Result<SecurityDescriptor> fresh = core::descriptor_of_new_object(
      inherits ? &*sd : nullptr, plan.creator_sd ? &*plan.creator_sd : nullptr, token, directory);
  if (!fresh) co_return fresh.error();
  how.security = wire::dtyp::encode(*fresh);
  co_return NtStatus::kSuccess;
}

/// A new stream of a file that exists is written into it: the file's own descriptor decides.
Task<NtStatus> check_base(Request& r, const CreatePlan& plan, const ports::Opened& base,
                          CreateOutcome& out) {
  if (is_going(r, base)) co_return NtStatus::kDeletePending;
  Result<std::uint32_t> maximal =
      co_await maximal_access_of(r.io(), *r.tree, *r.identity, *base.file, base.info, base.path);
  if (!maximal) co_return maximal.error();
  Result<std::uint32_t> granted = grant_access(r, plan, base.info, *maximal, Access::kWriteData);
  if (!granted) co_return granted.error();
  out.maximal = *maximal;
  out.granted = *granted;
  co_return NtStatus::kSuccess;
}

/// The same for what does not exist yet, by its directory.
Task<NtStatus> check_place(Request& r, const CreatePlan& plan, bool directory,
                           ports::CreateHow& how, CreateOutcome& out) {
  if (NtStatus s = co_await check_parent(r, plan, directory, how); s != NtStatus::kSuccess)
    co_return s;
  if ((plan.desired & Access::kAccessSystemSecurity) != 0 &&
      !token_of(*r.identity).security_privilege)
    co_return NtStatus::kPrivilegeNotHeld;
  // Whoever makes an object gets what he asked for, whatever it inherits (MS-FSA 2.1.5.1.1).
  out.maximal = Access::kAll & r.tree->maximal_access;
  out.granted = plan.maximum_allowed ? plan.desired | out.maximal : plan.desired;
  co_return NtStatus::kSuccess;
}

}  // namespace

/// MS-FSA 2.1.5.1.1: the object does not exist.
Task<NtStatus> create_new(Request& r, const CreatePlan& plan, CreateOutcome& out) {
  bool directory = plan.wants(Options::kDirectoryFile) || plan.path.is_index_allocation;
  if (plan.path.trailing_separator && !directory) co_return NtStatus::kObjectNameInvalid;
  if ((plan.request.file_attributes & Attributes::kReadonly) != 0 &&
      plan.wants(Options::kDeleteOnClose))
    co_return NtStatus::kCannotDelete;
  if ((plan.request.file_attributes & Attributes::kTemporary) != 0 && directory)
    co_return NtStatus::kInvalidParameter;
  if (lease_is_elsewhere(r, plan, std::nullopt)) co_return NtStatus::kInvalidParameter;
  // Nothing here encrypts a file by itself (MS-FSA 2.1.5.1.1).
  if ((plan.request.file_attributes & Attributes::kEncrypted) != 0)
    co_return NtStatus::kAccessDenied;
  ports::Vfs& vfs = *plan.vfs;
  std::optional<ports::Opened> base;
  if (!plan.path.stream.empty()) {
    Result<ports::Opened> existing = co_await vfs.open(r.io(), plan.path.path, ports::OpenHow{});
    if (!existing && existing.error() != NtStatus::kObjectNameNotFound) co_return existing.error();
    if (existing) base = std::move(*existing);
  }
  ports::CreateHow how;
  if (NtStatus s = base ? co_await check_base(r, plan, *base, out)
                        : co_await check_place(r, plan, directory, how, out);
      s != NtStatus::kSuccess)
    co_return s;
  how.directory = directory;
  how.attributes = plan.request.file_attributes;
  if (!directory) how.attributes |= Attributes::kArchive;
  how.eas = plan.eas;
  how.creation_mark = creation_mark(r, plan);
  if (plan.contexts.allocation_size)
    how.allocation_size = plan.contexts.allocation_size->allocation_size;
  how.no_compression = plan.wants(Options::kNoCompression);
  // Linux sends 16 or 32 set bits for "no mode".
  if (plan.posix && (plan.contexts.posix->mode & 0xFFFF) != 0xFFFF)
    how.mode = plan.contexts.posix->mode & 07777;
  how.access = ports::DataAccess::kReadWrite;

  if (!plan.path.stream.empty() && !base) {
    Result<ports::Opened> made = co_await vfs.create(r.io(), plan.path.path, how);
    // Made by somebody else meanwhile: its descriptor is to be asked.
    if (!made) co_return made.error();
  }
  how.stream = plan.path.stream;
  Result<ports::Opened> created = co_await vfs.create(r.io(), plan.path.path, how);
  if (!created) co_return created.error();
  out.opened = std::move(*created);
  out.action = CreateAction::kCreated;
  // Others may have opened the new object already.
  NtStatus entered = co_await enter_open(r, plan, out);
  for (int i = 0; entered == NtStatus::kPending && i < 8; ++i)
    entered = co_await enter_open(r, plan, out);
  if (entered != NtStatus::kSuccess)
    co_return entered == NtStatus::kPending ? NtStatus::kSharingViolation : entered;
  break_directory_leases(r.server, r.loop, *r.tree->share, out.opened.path,
                         plan.caching.lease.parent);
  if (!plan.path.stream.empty()) {
    report_change(r.server, *r.tree->share, out.opened.path + ":" + plan.path.stream,
                  core::NotifyAction::kAddedStream, smb2::CompletionFilter::kStreamName);
    co_return NtStatus::kSuccess;
  }
  report_change(r.server, *r.tree->share, out.opened.path, core::NotifyAction::kAdded,
                directory ? smb2::CompletionFilter::kDirName : smb2::CompletionFilter::kFileName);
  co_return NtStatus::kSuccess;
}

}  // namespace holdfast::service::handlers
