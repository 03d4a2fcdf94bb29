// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/change_notify.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(ChangeNotifyRequest);
HF_WIRE_IMPLEMENT(ChangeNotifyResponse);

}  // namespace holdfast::wire::smb2
