// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/testing/fuzzing.h"

/// A NEGOTIATE request with its contexts, each decoded as what its type says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::wire::smb2;
  using namespace holdfast::wire::smb2::testing;
  holdfast::ByteVec message(kHeaderSize);
  message.insert(message.end(), data, data + size);
  try_decode<NegotiateRequest>(message);
  NegotiateRequest request;
  if (!decode(message, request)) return 0;
  for (const NegotiateContext& context : request.negotiate_contexts) {
    switch (context.context_type) {
      case NegotiateContextType::kPreauthIntegrityCapabilities:
        try_decode<PreauthIntegrityCapabilities>(context.data);
        break;
      case NegotiateContextType::kEncryptionCapabilities:
        try_decode<EncryptionCapabilities>(context.data);
        break;
      case NegotiateContextType::kCompressionCapabilities:
        try_decode<CompressionCapabilities>(context.data);
        break;
      case NegotiateContextType::kNetnameNegotiateContextId:
        try_decode<NetnameNegotiateContextId>(context.data);
        break;
      case NegotiateContextType::kTransportCapabilities:
        try_decode<TransportCapabilities>(context.data);
        break;
      case NegotiateContextType::kRdmaTransformCapabilities:
        try_decode<RdmaTransformCapabilities>(context.data);
        break;
      case NegotiateContextType::kSigningCapabilities:
        try_decode<SigningCapabilities>(context.data);
        break;
      default: break;
    }
  }
  return 0;
}
