// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/lock.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(LockRequest);
HF_WIRE_IMPLEMENT(LockResponse);

}  // namespace holdfast::wire::smb2
