// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/session_setup.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(SessionSetupRequest);
HF_WIRE_IMPLEMENT(SessionSetupResponse);

}  // namespace holdfast::wire::smb2
