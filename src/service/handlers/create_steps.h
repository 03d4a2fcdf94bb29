// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/path/path.h"
#include "service/server/request.h"
#include "wire/dtyp/security_descriptor.h"
#include "wire/smb2/create.h"
#include "wire/smb2/create_context.h"

namespace holdfast::service::handlers {

/// A CREATE on its way: what was asked, taken apart.
struct CreatePlan {
  wire::smb2::CreateRequest request;
  wire::smb2::CreateContextList contexts;
  core::ParsedPath path;
  std::uint32_t desired = 0;  // generic rights mapped
  bool maximum_allowed = false;
  /// The client speaks the SMB3 POSIX extensions on this open.
  bool posix = false;
  /// The previous version that is asked for (MS-SMB2 3.3.5.9.5).
  std::optional<NtTime> snapshot;
  /// Where the path is looked up: the share's file system, or that of the snapshot.
  std::shared_ptr<ports::Vfs> vfs;
  std::vector<ports::Ea> eas;
  std::optional<wire::dtyp::SecurityDescriptor> creator_sd;
  /// The oplock or lease that the connection's dialect allows to ask for.
  core::CachingRequest caching;
  std::optional<core::AppInstance> app_instance;

  /// It gets an open back instead of making one (DHnC, DH2C).
  bool reclaims() const {
    return contexts.durable_handle_reconnect || contexts.durable_handle_reconnect_v2;
  }
  bool wants(std::uint32_t option) const { return (request.create_options & option) != 0; }
  bool overwrites() const {
    return request.create_disposition == wire::smb2::CreateDisposition::kSupersede ||
           request.create_disposition == wire::smb2::CreateDisposition::kOverwrite ||
           request.create_disposition == wire::smb2::CreateDisposition::kOverwriteIf;
  }
  bool may_create() const {
    return request.create_disposition != wire::smb2::CreateDisposition::kOpen &&
           request.create_disposition != wire::smb2::CreateDisposition::kOverwrite;
  }
};

/// What became of it.
struct CreateOutcome {
  ports::Opened opened;
  core::OpenId id = 0;
  std::uint32_t granted = 0;
  std::uint32_t maximal = 0;
  core::CachingGrant caching;
  core::DurableGrant durable;
  wire::smb2::CreateAction action = wire::smb2::CreateAction::kOpened;
  /// The answer to an AAPL context.
  std::optional<wire::smb2::AaplResponse> aapl;
  /// QFid tells no id (service/handlers/apple.h).
  bool without_file_id = false;
};

/// Takes the request apart and checks what needs nothing but it (MS-SMB2 3.3.5.9, MS-FSA 2.1.5.1).
Result<CreatePlan> plan_create(Request& r, wire::smb2::CreateRequest request);

/// Sets plan.vfs.
Task<NtStatus> choose_vfs(Request& r, CreatePlan& plan);

/// The answer to a path that a symbolic link stands in (MS-SMB2 2.2.2.2.1), or the bare status.
Task<Reply> symlink_reply(Request& r, const CreatePlan& plan, NtStatus status);

/// What an open of an object that exists gets of what it asked for: kAccessDenied unless maximal
/// (what the user may do, maximal_access_of()) and the READONLY attribute allow it, and `also`;
/// kPrivilegeNotHeld for ACCESS_SYSTEM_SECURITY without SeSecurityPrivilege (MS-FSA 2.1.5.1.2.1).
Result<std::uint32_t> grant_access(Request& r, const CreatePlan& plan, const ports::FileInfo& info,
                                   std::uint32_t maximal, std::uint32_t also);

/// Somebody has marked the object to be deleted.
bool is_going(Request& r, const ports::Opened& opened);

/// The lease that is asked for belongs to another object (MS-SMB2 3.3.5.9.8); object: what is to be
/// opened, none when it does not exist yet.
bool lease_is_elsewhere(Request& r, const CreatePlan& plan,
                        const std::optional<core::ObjectId>& object);
core::ObjectId object_of(const CreatePlan& plan, const CreateOutcome& out);

/// Enters the open, and takes it back when the session or the tree went away while the file was
/// being opened: whoever ends a session first takes its trees, then looks for its opens. kPending:
/// others have just let go of an oplock or a lease; the object is to be looked at again.
Task<NtStatus> enter_open(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// MS-FSA 2.1.5.1.2: the object exists. kObjectNameNotFound when it does not.
Task<NtStatus> open_existing(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// MS-FSA 2.1.5.1.1: the object does not exist. kObjectNameCollision when it does by now.
Task<NtStatus> create_new(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// The response (MS-SMB2 3.3.5.9, "Response Construction").
Reply create_answer(const CreatePlan& plan, const CreateOutcome& out, wire::smb2::FileId file_id);

/// Named pipes (MS-SMB2 3.3.5.9, "if the share is a pipe").
Task<Reply> create_pipe(Request& r);

}  // namespace holdfast::service::handlers
