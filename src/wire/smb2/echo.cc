// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/echo.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(EchoRequest);
HF_WIRE_IMPLEMENT(EchoResponse);

}  // namespace holdfast::wire::smb2
