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

Task<void> after_data_change(Call c) {
  return report_open(c.request, *c.open, core::NotifyAction::kModified,
                     Filter::kSize | Filter::kLastWrite);
}

}  // namespace holdfast::service::fsctl
