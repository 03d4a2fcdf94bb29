// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/negotiate_context.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(PreauthIntegrityCapabilities);
HF_WIRE_IMPLEMENT(EncryptionCapabilities);
HF_WIRE_IMPLEMENT(CompressionCapabilities);
HF_WIRE_IMPLEMENT(NetnameNegotiateContextId);
HF_WIRE_IMPLEMENT(TransportCapabilities);
HF_WIRE_IMPLEMENT(RdmaTransformCapabilities);
HF_WIRE_IMPLEMENT(SigningCapabilities);

}  // namespace holdfast::wire::smb2
