// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/compression_transform.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(CompressionTransformHeader);
HF_WIRE_IMPLEMENT(CompressionChain);
HF_WIRE_IMPLEMENT(CompressionPatternV1);

}  // namespace holdfast::wire::smb2
