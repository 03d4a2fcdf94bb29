// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/cancel.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(CancelRequest);

}  // namespace holdfast::wire::smb2
