// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/negotiate.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(NegotiateRequest);
HF_WIRE_IMPLEMENT(NegotiateResponse);

}  // namespace holdfast::wire::smb2
