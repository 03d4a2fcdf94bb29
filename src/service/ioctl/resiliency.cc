// SPDX-License-Identifier: Apache-2.0
#include "service/ioctl/ioctl.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {

namespace smb2 = wire::smb2;

/// FSCTL_LMR_REQUEST_RESILIENCY (MS-SMB2 3.3.5.15.9).
Task<Answer> request_resiliency(Call c) {
  if (c.request.connection.negotiated()->dialect == smb2::Dialect::kSmb202)
    co_return failed(NtStatus::kInvalidDeviceRequest);
  smb2::NetworkResiliencyRequest given;
  if (!decode(c.query.input, given) || given.timeout_ms > limits::kMaxResilientTimeout_ms)
    co_return failed(NtStatus::kInvalidParameter);
  if (c.open->pipe != nullptr) co_return failed(NtStatus::kInvalidDeviceRequest);
  std::uint32_t timeout_ms =
      given.timeout_ms == 0 ? limits::kResilientTimeout_ms : given.timeout_ms;
  if (!c.request.server.opens().make_resilient(c.open->id, timeout_ms))
    co_return failed(NtStatus::kFileClosed);
  co_return Answer{};
}

}  // namespace holdfast::service::fsctl
