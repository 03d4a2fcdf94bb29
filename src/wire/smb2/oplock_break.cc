// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/oplock_break.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(OplockBreak);
HF_WIRE_IMPLEMENT(LeaseBreakNotification);
HF_WIRE_IMPLEMENT(LeaseBreakAcknowledgment);

}  // namespace holdfast::wire::smb2
