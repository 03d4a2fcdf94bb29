// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/handlers/create_steps.h"

namespace holdfast::service::handlers {

/// Forgets the contexts that the dialect does not know, and refuses those of durable handles that
/// do not go together (MS-SMB2 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12).
NtStatus check_durable_contexts(std::uint16_t dialect, wire::smb2::CreateContextList& contexts);

/// Closes the open that the same application had through another client (MS-SMB2 3.3.5.9.13).
Task<NtStatus> take_over_app_instance(Request& r, const CreatePlan& plan);

/// Promises the open what was asked for and can be kept (MS-SMB2 3.3.5.9.6, 3.3.5.9.10).
core::DurableGrant grant_durable(Request& r, const CreatePlan& plan, const CreateOutcome& out);

/// A CREATE with a CreateGuid, from the first look at it to its end (MS-SMB2 3.3.5.9.10).
class CreateReplay {
 public:
  CreateReplay(Request& r, const CreatePlan& plan);
  ~CreateReplay();
  CreateReplay(const CreateReplay&) = delete;
  CreateReplay& operator=(const CreateReplay&) = delete;

  /// The open that the CREATE made before, with what it has now; or had, where it was reclaimed.
  struct Before {
    core::OpenView open;
    core::CachingGrant caching;
  };
  /// Nothing: the CREATE is new. An open: it made this one before. An error: it may not be repeated
  /// now, or at all.
  Result<std::optional<Before>> begin();
  /// The CREATE has made this open.
  void finish(core::OpenId open);

 private:
  Result<Before> found(core::OpenId id);
  Result<Before> reclaim(const core::OpenView& open, bool persistent);

  Request& request_;
  const CreatePlan& plan_;
  core::CreateKey key_;
  bool pending_ = false;
};

/// Answers a CREATE that was done before (MS-SMB2 3.3.5.9.10).
Task<Reply> answer_replay(Request& r, const CreatePlan& plan, CreateReplay::Before before);
/// DHnC and DH2C (MS-SMB2 3.3.5.9.7, 3.3.5.9.12).
Task<Reply> create_reconnect(Request& r, const CreatePlan& plan);

/// Which CREATE makes an object, for a persistent open on a share whose handles outlive the server:
/// ClientGuid and CreateGuid. A server that dies between making the object and writing the open's
/// record leaves an object that the replay of the CREATE (MS-SMB2 3.2.4.1.5, 3.3.5.9.10) must know
/// as its own, not collide with.
std::optional<ByteVec> creation_mark(Request& r, const CreatePlan& plan);
/// Was this object made by the CREATE that this one replays?
Task<bool> made_before(Request& r, const CreatePlan& plan, const ports::Opened& opened);

}  // namespace holdfast::service::handlers
