// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "sim/world/rng.h"

namespace holdfast::sim {

/// Changes a request as an attacker or a broken client might: bits, numbers that are edges,
/// lengths, pieces of another request; seldom its header.
void mutate(ByteVec& message, Bytes other, Rng& rng);

}  // namespace holdfast::sim
