// SPDX-License-Identifier: Apache-2.0
#include "wire/state/handover.h"

#include "wire/codec.h"
#include "wire/printer.h"

namespace holdfast::wire::state {

HF_WIRE_IMPLEMENT(Entry);
HF_WIRE_IMPLEMENT(HandoverHead);
HF_WIRE_IMPLEMENT(HeldListener);
HF_WIRE_IMPLEMENT(HeldConnection);
HF_WIRE_IMPLEMENT(HeldSession);
HF_WIRE_IMPLEMENT(HeldOpen);
HF_WIRE_IMPLEMENT(HeldRequest);
HF_WIRE_IMPLEMENT(HeldAdmin);
HF_WIRE_IMPLEMENT(HandoverEnd);

}  // namespace holdfast::wire::state
