// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/flush.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(FlushRequest);
HF_WIRE_IMPLEMENT(FlushResponse);

}  // namespace holdfast::wire::smb2
