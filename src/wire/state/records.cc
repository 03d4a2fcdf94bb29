// SPDX-License-Identifier: Apache-2.0
#include "wire/state/records.h"

#include "wire/codec.h"
#include "wire/printer.h"

namespace holdfast::wire::state {

HF_WIRE_IMPLEMENT(Version);
HF_WIRE_IMPLEMENT(OpenState);
HF_WIRE_IMPLEMENT(ServerState);
HF_WIRE_IMPLEMENT(ConnectionState);
HF_WIRE_IMPLEMENT(EpochState);

}  // namespace holdfast::wire::state
