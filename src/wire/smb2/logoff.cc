// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/logoff.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(LogoffRequest);
HF_WIRE_IMPLEMENT(LogoffResponse);

}  // namespace holdfast::wire::smb2
