// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/ioctl/ioctl.h"

namespace holdfast::service::fsctl {

/// Before the data of the call's open is changed: others let go of what they cache of it, as before
/// a WRITE (MS-FSA 2.1.4.12). An error: nothing may be changed.
Task<NtStatus> before_data_change(Call c);
/// After it: who watches the directory hears of it, as of a WRITE. An error: it is done, and would
/// not survive the loss of the machine, which a persistent open promises.
Task<NtStatus> after_data_change(Call c);

}  // namespace holdfast::service::fsctl
