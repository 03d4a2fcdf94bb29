// SPDX-License-Identifier: Apache-2.0
#include "core/connection/negotiation.h"

#include "service/ioctl/ioctl.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {

namespace smb2 = wire::smb2;

/// MS-SMB2 3.3.5.15.12: what the client sent and what the server got must be the same, or somebody
/// between them changed it, and the connection ends.
Task<Answer> validate_negotiate_info(Call c) {
  const core::Negotiated& agreed = *c.request.connection.negotiated();
  if (agreed.dialect == smb2::Dialect::kSmb311)
    co_return Answer{NtStatus::kFileClosed, {}, "VALIDATE_NEGOTIATE_INFO in dialect 3.1.1"};
  smb2::ValidateNegotiateInfoRequest given;
  if (!decode(c.query.input, given) || c.query.max_output_response < 24 ||
      !core::matches_negotiation(agreed, given.capabilities, given.guid, given.security_mode,
                                 given.dialects))
    co_return Answer{NtStatus::kAccessDenied, {}, "VALIDATE_NEGOTIATE_INFO does not match"};
  smb2::ValidateNegotiateInfoResponse response;
  response.capabilities = agreed.server_capabilities;
  response.guid = c.request.connection.policy().server_guid;
  response.security_mode = agreed.server_security_mode;
  response.dialect = agreed.dialect;
  Buffer octets;
  Writer writer(octets);
  encode(response, writer);
  co_return Answer{NtStatus::kSuccess, to_vec(octets), {}};
}

/// MS-SMB2 3.3.5.15.2: without a DFS namespace there is nothing to refer to.
Task<Answer> dfs_get_referrals(Call) { co_return failed(NtStatus::kNotFound); }

}  // namespace holdfast::service::fsctl
