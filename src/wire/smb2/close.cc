// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/close.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(CloseRequest);
HF_WIRE_IMPLEMENT(CloseResponse);

}  // namespace holdfast::wire::smb2
