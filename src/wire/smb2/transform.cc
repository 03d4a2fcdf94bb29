// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/transform.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(TransformHeader);

}  // namespace holdfast::wire::smb2
