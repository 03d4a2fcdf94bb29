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
  std::vector<ports::Ea> eas;
  std::optional<wire::dtyp::SecurityDescriptor> creator_sd;

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
  wire::smb2::CreateAction action = wire::smb2::CreateAction::kOpened;
};

/// Takes the request apart and checks what needs nothing but it (MS-SMB2 3.3.5.9, MS-FSA 2.1.5.1).
Result<CreatePlan> plan_create(Request& r);

/// What the handle must be able to do with the data for these rights.
ports::DataAccess data_access(std::uint32_t access);

/// Somebody has marked the object to be deleted.
bool is_going(Request& r, const ports::FileKey& key);

/// Enters the open, and takes it back when the session or the tree went away while the file was
/// being opened: whoever ends a session first takes its trees, then looks for its opens.
Task<NtStatus> enter_open(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// MS-FSA 2.1.5.1.2: the object exists. kObjectNameNotFound when it does not.
Task<NtStatus> open_existing(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// MS-FSA 2.1.5.1.1: the object does not exist. kObjectNameCollision when it does by now.
Task<NtStatus> create_new(Request& r, const CreatePlan& plan, CreateOutcome& out);

/// Named pipes (MS-SMB2 3.3.5.9, "if the share is a pipe").
Task<Reply> create_pipe(Request& r);

}  // namespace holdfast::service::handlers
