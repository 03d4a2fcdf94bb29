// SPDX-License-Identifier: Apache-2.0
// Paths that do not lead into the share as it is now: previous versions and symbolic links.
#include <algorithm>

#include "base/utf16.h"
#include "core/path/path.h"
#include "service/handlers/create_steps.h"
#include "service/snapshots/previous_version.h"
#include "wire/fscc/reparse.h"
#include "wire/smb2/error_response.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

/// UTF-16 octets of what is behind the link in the name that was sent, with its backslash
/// (MS-SMB2 2.2.2.2.1).
std::size_t unparsed_octets(const CreatePlan& plan, std::size_t parsed) {
  std::size_t octets = 2 * utf8_to_utf16(plan.path.path.substr(parsed)).size();
  if (!plan.path.stream.empty()) octets += 2 + 2 * utf8_to_utf16(plan.path.stream).size();
  return plan.path.trailing_separator ? octets + 2 : octets;
}

ByteVec error_data(const smb2::SymbolicLinkErrorResponse& error, bool in_context,
                   std::uint8_t& contexts) {
  Buffer plain;
  Writer writer(plain);
  encode(error, writer);
  if (!in_context) return to_vec(plain);
  smb2::ErrorContextList list;
  ByteVec octets = to_vec(plain);
  list.contexts.push_back({smb2::ErrorContext::kDefault, octets});
  contexts = 1;
  Buffer wrapped;
  Writer outer(wrapped);
  encode(list, outer);
  return to_vec(wrapped);
}

}  // namespace

/// MS-SMB2 3.3.5.9.5: a time at which nothing was taken is STATUS_OBJECT_NAME_NOT_FOUND.
Task<NtStatus> choose_vfs(Request& r, CreatePlan& plan) {
  std::shared_ptr<const core::Share> share = r.tree->share;
  plan.vfs = plan.posix ? share->exact_vfs : share->vfs;
  if (!plan.snapshot) co_return NtStatus::kSuccess;
  if (share->snapshots == nullptr) co_return NtStatus::kObjectNameNotFound;
  Result<std::shared_ptr<ports::Vfs>> then =
      co_await share->snapshots->open(r.io(), *plan.snapshot);
  if (!then) co_return then.error();
  if (share->apple != nullptr) *then = share->apple->over(std::move(*then));
  plan.vfs = previous_version(std::move(*then));
  co_return NtStatus::kSuccess;
}

Task<Reply> symlink_reply(Request& r, const CreatePlan& plan, NtStatus status) {
  Result<std::optional<ports::SymlinkStop>> stop =
      co_await plan.vfs->find_symlink(r.io(), plan.path.path);
  // It may have gone meanwhile.
  if (!stop || !*stop)
    co_return error_reply(status == NtStatus::kStoppedOnSymlink ? NtStatus::kObjectNameNotFound
                                                                : status);
  Result<wire::fscc::ReparseDataBuffer> data = wire::fscc::decode_reparse((*stop)->reparse_data);
  if (!data) co_return error_reply(NtStatus::kIoReparseDataInvalid);
  Result<wire::fscc::SymbolicLinkReparse> link = wire::fscc::decode_symlink(*data);
  if (!link) co_return error_reply(NtStatus::kIoReparseDataInvalid);
  smb2::SymbolicLinkErrorResponse error;
  error.unparsed_path_length = static_cast<std::uint16_t>(
      std::min<std::size_t>(unparsed_octets(plan, (*stop)->parsed), 0xFFFE));
  if ((link->flags & wire::fscc::SymbolicLinkReparse::kRelative) != 0)
    error.flags = smb2::SymbolicLinkErrorResponse::kFlagRelative;
  ByteVec substitute = to_utf16le(link->substitute_name);
  ByteVec print = to_utf16le(link->print_name);
  error.substitute_name = substitute;
  error.print_name = print;
  smb2::ErrorResponse reply;
  bool in_context = r.connection.negotiated()->dialect == smb2::Dialect::kSmb311;
  ByteVec octets = error_data(error, in_context, reply.error_context_count);
  reply.error_data = octets;
  co_return body_reply(reply, NtStatus::kStoppedOnSymlink);
}

}  // namespace holdfast::service::handlers
