// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/tree_disconnect.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(TreeDisconnectRequest);
HF_WIRE_IMPLEMENT(TreeDisconnectResponse);

}  // namespace holdfast::wire::smb2
