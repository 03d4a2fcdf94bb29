// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/set_info.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(SetInfoRequest);
HF_WIRE_IMPLEMENT(SetInfoResponse);

}  // namespace holdfast::wire::smb2
