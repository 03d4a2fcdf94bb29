// SPDX-License-Identifier: Apache-2.0
#include "service/ioctl/data_change.h"

#include "service/server/breaks.h"
#include "service/server/closing.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service::fsctl {

namespace Filter = wire::smb2::CompletionFilter;

Task<NtStatus> before_data_change(Call c) {
  return break_caching(c.request, c.open->id, core::BreakReason::kWrite);
}

Task<NtStatus> after_data_change(Call c) {
  co_await report_open(c.request, *c.open, core::NotifyAction::kModified,
                       Filter::kSize | Filter::kLastWrite);
  if (!c.open->stable) co_return NtStatus::kSuccess;
  Result<void> synced = co_await c.open->file->flush(c.request.io());
  co_return synced ? NtStatus::kSuccess : synced.error();
}

}  // namespace holdfast::service::fsctl
