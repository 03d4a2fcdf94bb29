// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/create.h"

#include "base/utf16.h"
#include "core/access/inheritance.h"
#include "core/path/path.h"
#include "service/handlers/create_context_answers.h"
#include "service/handlers/handlers.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "service/server/security.h"
#include "wire/fscc/ea.h"
#include "wire/smb2/change_notify.h"
#include "wire/smb2/create_context.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Access = smb2::FileAccess;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;
using smb2::CreateAction, smb2::CreateDisposition;
using wire::dtyp::SecurityDescriptor;

// Opening what another client creates or removes at the same moment is tried again so often.
constexpr int kMaxTries = 8;

/// A CREATE on its way: what was asked, taken apart.
struct Plan {
  smb2::CreateRequest request;
  smb2::CreateContextList contexts;
  core::ParsedPath path;
  std::uint32_t desired = 0;  // generic rights mapped
  bool maximum_allowed = false;
  std::vector<ports::Ea> eas;
  std::optional<SecurityDescriptor> creator_sd;

  bool wants(std::uint32_t option) const { return (request.create_options & option) != 0; }
  bool overwrites() const {
    return request.create_disposition == CreateDisposition::kSupersede ||
           request.create_disposition == CreateDisposition::kOverwrite ||
           request.create_disposition == CreateDisposition::kOverwriteIf;
  }
  bool may_create() const {
    return request.create_disposition != CreateDisposition::kOpen &&
           request.create_disposition != CreateDisposition::kOverwrite;
  }
};

/// What became of it.
struct Outcome {
  ports::Opened opened;
  core::OpenId id = 0;
  std::uint32_t granted = 0;
  std::uint32_t maximal = 0;
  CreateAction action = CreateAction::kOpened;
};

ports::DataAccess data_access(std::uint32_t access) {
  bool reads = (access & (Access::kReadData | Access::kExecute)) != 0;
  bool writes = (access & (Access::kWriteData | Access::kAppendData)) != 0;
  if (reads && writes) return ports::DataAccess::kReadWrite;
  if (writes) return ports::DataAccess::kWrite;
  return reads ? ports::DataAccess::kRead : ports::DataAccess::kNone;
}

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
NtStatus read_contexts(Plan& plan) {
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

Result<Plan> make_plan(Request& r) {
  Plan plan;
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

/// Does the kind of object fit what was asked for (MS-FSA 2.1.5.1.2)?
NtStatus check_kind(const Plan& plan, const ports::FileInfo& info) {
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
NtStatus check_attributes(const Plan& plan, const ports::FileInfo& info) {
  bool read_only = (info.attributes & Attributes::kReadonly) != 0 && !info.is_directory;
  if (read_only && plan.wants(Options::kDeleteOnClose)) return NtStatus::kCannotDelete;
  if (!plan.overwrites()) return NtStatus::kSuccess;
  if (read_only) return NtStatus::kAccessDenied;
  for (std::uint32_t bit : {Attributes::kHidden, Attributes::kSystem})
    if ((info.attributes & bit) != 0 && (plan.request.file_attributes & bit) == 0)
      return NtStatus::kAccessDenied;
  return NtStatus::kSuccess;
}

core::OpenSpec spec_of(Request& r, const Plan& plan, const Outcome& out) {
  core::OpenSpec spec;
  spec.session = r.session->id;
  spec.tree = r.header.tree_id;
  spec.connection = r.connection.id();
  spec.share = r.tree->share;
  spec.identity = r.identity;
  spec.object = {out.opened.info.key, fold_name(plan.path.stream)};
  spec.file = out.opened.file;
  spec.path = out.opened.path;
  spec.access = out.granted;
  spec.share_access = plan.request.share_access;
  spec.options = plan.request.create_options;
  spec.is_directory = out.opened.info.is_directory && plan.path.stream.empty();
  spec.delete_on_close = plan.wants(Options::kDeleteOnClose);
  spec.created = r.server.env().clock.now();
  return spec;
}

/// Enters the open, and takes it back when the session or the tree went away while the file was
/// being opened: whoever ends a session first takes its trees, then looks for its opens.
Task<NtStatus> enter(Request& r, const Plan& plan, Outcome& out) {
  Result<core::OpenId> id = r.server.opens().open(spec_of(r, plan, out));
  if (!id) co_return id.error();
  out.id = *id;
  if (r.session->tree(r.header.tree_id)) co_return NtStatus::kSuccess;
  (void)co_await close_open(r.server, r.loop, out.id);
  co_return NtStatus::kNetworkNameDeleted;
}

/// What the open gets of what it asked for.
Result<std::uint32_t> grant(const Plan& plan, std::uint32_t maximal) {
  std::uint32_t needed = plan.desired;
  if (plan.overwrites()) needed |= Access::kWriteData;
  // READ_ATTRIBUTES comes with listing the parent, SYNCHRONIZE with anything (MS-FSA 2.1.5.1.2.1).
  std::uint32_t allowed = maximal | Access::kReadAttributes | Access::kSynchronize;
  if ((needed & ~allowed & ~Access::kAccessSystemSecurity) != 0)
    return fail(NtStatus::kAccessDenied);
  if ((needed & Access::kAccessSystemSecurity) != 0) return fail(NtStatus::kPrivilegeNotHeld);
  return plan.maximum_allowed ? plan.desired | maximal : plan.desired;
}

/// Somebody has marked the object to be deleted.
bool is_going(Request& r, const ports::FileKey& key) {
  return r.server.opens().check_open({key, ""}, 0, smb2::ShareAccess::kAll) ==
         NtStatus::kDeletePending;
}

/// MS-FSA 2.1.5.1.2: the object exists.
Task<NtStatus> open_existing(Request& r, const Plan& plan, Outcome& out) {
  ports::Vfs& vfs = *r.tree->share->vfs;
  ports::OpenHow how;
  how.stream = plan.path.stream;
  how.open_reparse_point = plan.wants(Options::kOpenReparsePoint);
  Result<ports::Opened> opened = co_await vfs.open(r.io(), plan.path.path, how);
  if (!opened) co_return opened.error();
  out.opened = std::move(*opened);
  if (plan.request.create_disposition == CreateDisposition::kCreate)
    co_return is_going(r, out.opened.info.key) ? NtStatus::kDeletePending
                                               : NtStatus::kObjectNameCollision;
  if (NtStatus s = check_kind(plan, out.opened.info); s != NtStatus::kSuccess) co_return s;
  if (NtStatus s = check_attributes(plan, out.opened.info); s != NtStatus::kSuccess) co_return s;
  Result<std::uint32_t> maximal = co_await maximal_access_of(
      r.io(), *r.tree, *r.identity, *out.opened.file, out.opened.info, out.opened.path);
  if (!maximal) co_return maximal.error();
  out.maximal = *maximal;
  Result<std::uint32_t> granted = grant(plan, *maximal);
  if (!granted) co_return granted.error();
  out.granted = *granted;
  if (plan.wants(Options::kDeleteOnClose)) {
    // The removal itself comes with the last CLOSE, which cannot tell the client that it failed.
    if (Result<void> may = co_await out.opened.file->check_removable(r.io()); !may)
      co_return may.error();
  }

  bool is_file = !out.opened.info.is_directory || !plan.path.stream.empty();
  how.access = data_access(out.granted | (plan.overwrites() ? Access::kWriteData : 0));
  if (is_file && how.access != ports::DataAccess::kNone) {
    Result<ports::Opened> for_data = co_await vfs.open(r.io(), plan.path.path, how);
    if (!for_data && plan.maximum_allowed && for_data.error() == NtStatus::kAccessDenied &&
        data_access(plan.desired) != ports::DataAccess::kReadWrite) {
      how.access = ports::DataAccess::kRead;
      out.granted &= ~(Access::kWriteData | Access::kAppendData) | plan.desired;
      for_data = co_await vfs.open(r.io(), plan.path.path, how);
    }
    if (!for_data) co_return for_data.error();
    out.opened = std::move(*for_data);
  }
  if (NtStatus s = co_await enter(r, plan, out); s != NtStatus::kSuccess) co_return s;
  if (!plan.overwrites()) co_return NtStatus::kSuccess;

  ports::CreateHow change;
  change.attributes = plan.request.file_attributes;
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
  report_change(r.server, *r.tree->share, out.opened.path, core::NotifyAction::kModified,
                smb2::CompletionFilter::kSize | smb2::CompletionFilter::kLastWrite |
                    smb2::CompletionFilter::kAttributes);
  co_return NtStatus::kSuccess;
}

/// The descriptor that a new object gets; none when neither the creator nor the parent has one.
Task<NtStatus> check_parent(Request& r, const Plan& plan, bool directory, ports::CreateHow& how) {
  Result<ports::Opened> parent = co_await r.tree->share->vfs->open(
      r.io(), core::parent_path(plan.path.path), ports::OpenHow{});
  if (!parent)
    co_return parent.error() == NtStatus::kObjectNameNotFound ? NtStatus::kObjectPathNotFound
                                                              : parent.error();
  if (!parent->info.is_directory) co_return NtStatus::kObjectPathNotFound;
  if (is_going(r, parent->info.key)) co_return NtStatus::kDeletePending;
  std::uint32_t needed = directory ? Access::kAddSubdirectory : Access::kAddFile;
  if ((r.tree->maximal_access & needed) == 0) co_return NtStatus::kAccessDenied;
  Result<std::optional<ByteVec>> stored = co_await parent->file->security(r.io());
  Result<SecurityDescriptor> sd =
      co_await descriptor_of(r.io(), *r.tree->share, *parent->file, parent->info);
  if (!sd || !stored) co_return sd ? stored.error() : sd.error();
  core::AccessToken token = token_of(*r.identity);
  if ((core::maximum_access(*sd, token) & needed) == 0) co_return NtStatus::kAccessDenied;
  if (!*stored && !plan.creator_sd) co_return NtStatus::kSuccess;
  Result<SecurityDescriptor> fresh = core::descriptor_of_new_object(
      *stored ? &*sd : nullptr, plan.creator_sd ? &*plan.creator_sd : nullptr, token, directory);
  if (!fresh) co_return fresh.error();
  how.security = wire::dtyp::encode(*fresh);
  co_return NtStatus::kSuccess;
}

/// MS-FSA 2.1.5.1.1: the object does not exist.
Task<NtStatus> create_new(Request& r, const Plan& plan, Outcome& out) {
  bool directory = plan.wants(Options::kDirectoryFile) || plan.path.is_index_allocation;
  if (plan.path.trailing_separator && !directory) co_return NtStatus::kObjectNameInvalid;
  if ((plan.request.file_attributes & Attributes::kReadonly) != 0 &&
      plan.wants(Options::kDeleteOnClose))
    co_return NtStatus::kCannotDelete;
  if ((plan.request.file_attributes & Attributes::kTemporary) != 0 && directory)
    co_return NtStatus::kInvalidParameter;
  ports::CreateHow how;
  if (NtStatus s = co_await check_parent(r, plan, directory, how); s != NtStatus::kSuccess)
    co_return s;
  how.directory = directory;
  how.attributes = plan.request.file_attributes;
  if (!directory) how.attributes |= Attributes::kArchive;
  how.eas = plan.eas;
  if (plan.contexts.allocation_size)
    how.allocation_size = plan.contexts.allocation_size->allocation_size;
  if (plan.contexts.posix) how.mode = plan.contexts.posix->mode & 07777;
  out.maximal = Access::kAll & r.tree->maximal_access;
  out.granted = plan.maximum_allowed ? plan.desired | out.maximal : plan.desired;
  ports::Vfs& vfs = *r.tree->share->vfs;
  how.access = ports::DataAccess::kReadWrite;

  if (!plan.path.stream.empty()) {
    Result<ports::Opened> base = co_await vfs.create(r.io(), plan.path.path, how);
    if (!base && base.error() != NtStatus::kObjectNameCollision) co_return base.error();
    how.stream = plan.path.stream;
  }
  Result<ports::Opened> created = co_await vfs.create(r.io(), plan.path.path, how);
  if (!created) co_return created.error();
  out.opened = std::move(*created);
  out.action = CreateAction::kCreated;
  if (NtStatus s = co_await enter(r, plan, out); s != NtStatus::kSuccess) co_return s;
  std::uint32_t filter = !plan.path.stream.empty() ? smb2::CompletionFilter::kStreamName
                         : directory               ? smb2::CompletionFilter::kDirName
                                                   : smb2::CompletionFilter::kFileName;
  report_change(r.server, *r.tree->share, out.opened.path, core::NotifyAction::kAdded, filter);
  co_return NtStatus::kSuccess;
}

Reply answer(const Plan& plan, const Outcome& out, smb2::FileId file_id) {
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

/// Named pipes (MS-SMB2 3.3.5.9, "if the share is a pipe").
Task<Reply> create_pipe(Request& r) {
  smb2::CreateRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  ports::PipeProvider* pipes = r.server.pipes();
  if (pipes == nullptr) co_return error_reply(NtStatus::kObjectNameNotFound);
  std::string name = utf16le_to_utf8(request.name);
  if (!name.empty() && name.front() == '\\') name.erase(0, 1);
  auto pipe = pipes->open(name, {*r.identity, r.driver.peer().address_string()});
  if (!pipe) co_return error_reply(pipe.error());
  core::OpenSpec spec;
  spec.session = r.session->id;
  spec.tree = r.header.tree_id;
  spec.connection = r.connection.id();
  spec.share = r.tree->share;
  spec.identity = r.identity;
  spec.pipe = std::move(*pipe);
  spec.path = name;
  spec.access = core::map_generic(request.desired_access);
  spec.share_access = request.share_access;
  spec.created = r.server.env().clock.now();
  Result<core::OpenId> id = r.server.opens().open(std::move(spec));
  if (!id) co_return error_reply(id.error());
  if (!r.session->tree(r.header.tree_id)) {
    (void)co_await close_open(r.server, r.loop, *id);
    co_return error_reply(NtStatus::kNetworkNameDeleted);
  }
  smb2::CreateResponse response;
  response.file_attributes = Attributes::kNormal;
  response.allocation_size = 4096;
  response.file_id = r.server.opens().find(*id)->file_id();
  r.chain.file_id = response.file_id;
  co_return body_reply(response);
}

}  // namespace

/// MS-SMB2 3.3.5.9.
Task<Reply> create(Request& r) {
  r.chain.file_id.reset();
  if (r.tree->share->type == core::ShareType::kPipe) co_return co_await create_pipe(r);
  Result<Plan> plan = make_plan(r);
  if (!plan) co_return error_reply(plan.error());
  Outcome out;
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
