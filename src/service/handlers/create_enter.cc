// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "service/handlers/create_steps.h"
#include "service/server/closing.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
namespace Access = smb2::FileAccess;
namespace Options = smb2::CreateOptions;
namespace Attributes = smb2::FileAttributes;
using smb2::CreateAction, smb2::CreateDisposition;
using wire::dtyp::SecurityDescriptor;

core::OpenSpec spec_of(Request& r, const CreatePlan& plan, const CreateOutcome& out) {
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

}  // namespace

ports::DataAccess data_access(std::uint32_t access) {
  bool reads = (access & (Access::kReadData | Access::kExecute)) != 0;
  bool writes = (access & (Access::kWriteData | Access::kAppendData)) != 0;
  if (reads && writes) return ports::DataAccess::kReadWrite;
  if (writes) return ports::DataAccess::kWrite;
  return reads ? ports::DataAccess::kRead : ports::DataAccess::kNone;
}

bool is_going(Request& r, const ports::FileKey& key) {
  return r.server.opens().check_open({key, ""}, 0, smb2::ShareAccess::kAll) ==
         NtStatus::kDeletePending;
}

Task<NtStatus> enter_open(Request& r, const CreatePlan& plan, CreateOutcome& out) {
  Result<core::OpenId> id = r.server.opens().open(spec_of(r, plan, out));
  if (!id) co_return id.error();
  out.id = *id;
  if (r.session->tree(r.header.tree_id)) co_return NtStatus::kSuccess;
  (void)co_await close_open(r.server, r.loop, out.id);
  co_return NtStatus::kNetworkNameDeleted;
}

}  // namespace holdfast::service::handlers
