// SPDX-License-Identifier: Apache-2.0
#include "core/connection/negotiation.h"

#include "core/dfs/dfs.h"
#include "service/ioctl/ioctl.h"
#include "wire/dfsc/referral.h"
#include "wire/smb2/fsctl.h"
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

/// MS-SMB2 3.3.5.15.2, MS-DFSC 3.3.5.1. Names of domains are nothing that a server of its own
/// knows.
Task<Answer> dfs_get_referrals(Call c) {
  namespace dfsc = wire::dfsc;
  bool extended = c.query.ctl_code == smb2::Fsctl::kDfsGetReferralsEx;
  Result<dfsc::ReferralRequest> request =
      extended ? dfsc::decode_request_ex(c.query.input) : dfsc::decode_request(c.query.input);
  if (!request) co_return failed(request.error());
  std::optional<core::DfsPath> path = core::split_dfs_path(request->path);
  std::shared_ptr<const core::Share> share =
      path ? c.request.server.find_share(path->share) : nullptr;
  if (share == nullptr) co_return failed(NtStatus::kNotFound);
  Result<dfsc::ReferralResponse> response = core::refer(*share, request->path);
  if (!response) co_return failed(response.error());
  Buffer octets;
  Writer writer(octets);
  append(*response, request->max_referral_level, writer);
  bool fits = octets.size() <= c.query.max_output_response;
  co_return Answer{fits ? NtStatus::kSuccess : NtStatus::kBufferOverflow, to_vec(octets), {}};
}

}  // namespace holdfast::service::fsctl
