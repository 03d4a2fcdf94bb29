// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/tree_connect.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(TreeConnectRequest);
HF_WIRE_IMPLEMENT(TreeConnectResponse);

}  // namespace holdfast::wire::smb2
