// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "core/path/snapshot_token.h"
#include "service/handlers/create_steps.h"
#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "service/server/keeping.h"
#include "service/server/local_opens.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;
using smb2::CreateAction, smb2::CreateDisposition;
using wire::dtyp::SecurityDescriptor;

/// Oplocks and leases are of files; of directories only leases of version 2 (MS-SMB2 3.3.5.9.8,
/// 3.3.5.9.11).
bool can_cache(const CreatePlan& plan, const core::OpenSpec& spec) {
  return !spec.is_directory ||
         (plan.caching.level == smb2::OplockLevel::kLease && plan.caching.lease.version >= 2);
}

/// LeaseState bits: files all that the share allows; directories what listings and handles can use,
/// and nothing where handles are persistent (smbtorture's persistent-open.directory-leaselevels
/// tell what Windows does). A cluster does not limit what is cached of directories.
std::uint32_t may_cache(const core::OpenSpec& spec) {
  if (!spec.is_directory) return spec.share->max_caching;
  if (spec.share->continuous_availability) return smb2::LeaseState::kNone;
  return smb2::LeaseState::kReadCaching | smb2::LeaseState::kHandleCaching;
}

core::OpenSpec spec_of(Request& r, const CreatePlan& plan, const CreateOutcome& out) {
  core::OpenSpec spec;
  spec.session = r.session->id;
  spec.tree = r.header.tree_id;
  spec.connection = r.connection.id();
  spec.share = r.tree->share;
  spec.identity = r.identity;
  spec.object = object_of(plan, out);
  spec.file = out.opened.file;
  spec.path = out.opened.path;
  // Apart from the live file of this name, which may be renamed and has notifications.
  if (plan.snapshot)
    spec.path = core::snapshot_token(*plan.snapshot) + (spec.path.empty() ? "" : "/") + spec.path;
  spec.access = out.granted;
  spec.share_access = plan.request.share_access;
  spec.options = plan.request.create_options;
  spec.is_directory = out.opened.info.is_directory && plan.path.stream.empty();
  spec.posix = plan.posix;
  spec.delete_on_close = plan.wants(Options::kDeleteOnClose);
  spec.overwrites = plan.overwrites() && out.action == CreateAction::kOpened;
  spec.allocation_size = spec.overwrites ? 0 : out.opened.info.allocation_size;
  spec.may_cache = may_cache(spec);
  if (can_cache(plan, spec)) spec.caching = plan.caching;
  spec.must_seal = r.tree->encrypt;
  spec.client_guid = r.connection.negotiated()->client_guid;
  if (plan.contexts.durable_handle_request_v2)
    spec.create_guid = plan.contexts.durable_handle_request_v2->create_guid;
  spec.app_instance = plan.app_instance;
  spec.created = r.server.env().clock.now();
  return spec;
}

}  // namespace

bool is_going(Request& r, const ports::Opened& opened) {
  core::Link link;
  if (!opened.info.is_directory) link = {r.tree->share->vfs.get(), opened.path};
  return r.server.opens().check_open({opened.info.key, ""}, link, 0, smb2::ShareAccess::kAll) ==
         NtStatus::kDeletePending;
}

core::ObjectId object_of(const CreatePlan& plan, const CreateOutcome& out) {
  return {out.opened.info.key, fold_name(plan.path.stream)};
}

bool lease_is_elsewhere(Request& r, const CreatePlan& plan,
                        const std::optional<core::ObjectId>& object) {
  if (plan.caching.level != smb2::OplockLevel::kLease) return false;
  std::optional<core::ObjectId> leased = r.server.opens().leased(plan.caching.lease.id);
  return leased && leased != object;
}

namespace {

/// A client that caches handles keeps open what its programs have closed. When it loses the
/// connection it forgets such a handle (Linux does) or reclaims it before anything else (Windows);
/// so when it comes for the same file under another lease, what is left is of nobody, and the
/// client must not wait for itself.
core::OpenTable::LeftBehind leftovers_of(Request& r, const core::OpenSpec& spec) {
  core::OpenTable::LeftBehind own = r.own_leftovers();
  own.kept_for_later = spec.object;
  if (spec.caching.level == smb2::OplockLevel::kLease) own.lease_key = spec.caching.lease.id.key;
  return own;
}

}  // namespace

Task<NtStatus> enter_open(Request& r, const CreatePlan& plan, CreateOutcome& out) {
  core::OpenSpec spec = spec_of(r, plan, out);
  core::OpenTable::LeftBehind own = leftovers_of(r, spec);
  LocalOpens& local = r.server.local_opens();
  std::shared_ptr<ports::ChangeWatch> watch = co_await local.watch(r, spec);
  BreakWait wait(r);
  core::EnterOutcome entered = local.enter(r, std::move(spec), wait.token(), own, watch != nullptr);
  out.id = entered.id;
  out.caching = std::move(entered.caching);
  for (core::EnterOutcome::Closed& closed : entered.gave_way)
    co_await finish_closing(r.server, r.loop, closed.id, std::move(closed.outcome));
  // One of them may have been the last open of a name that was to be deleted.
  bool is_another = !entered.gave_way.empty() && entered.status == NtStatus::kDeletePending;
  NtStatus status = co_await wait.settle(std::move(entered));
  if (is_another) status = NtStatus::kPending;
  if (status != NtStatus::kSuccess) co_return status;
  local.keep(out.id, std::move(watch));
  if (r.session->tree(r.header.tree_id)) co_return NtStatus::kSuccess;
  (void)co_await close_open(r.server, r.loop, out.id);
  co_return NtStatus::kNetworkNameDeleted;
}

}  // namespace holdfast::service::handlers
