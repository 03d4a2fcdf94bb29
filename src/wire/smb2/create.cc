// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/create.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(CreateRequest);
HF_WIRE_IMPLEMENT(CreateResponse);

}  // namespace holdfast::wire::smb2
