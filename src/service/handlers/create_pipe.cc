// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "core/access/access_check.h"
#include "service/handlers/create_steps.h"
#include "service/server/closing.h"
#include "service/server/driver.h"

namespace holdfast::service::handlers {

namespace smb2 = wire::smb2;

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
  response.file_attributes = smb2::FileAttributes::kNormal;
  response.allocation_size = 4096;
  response.file_id = r.server.opens().find(*id)->file_id();
  r.chain.file_id = response.file_id;
  co_return body_reply(response);
}

}  // namespace holdfast::service::handlers
