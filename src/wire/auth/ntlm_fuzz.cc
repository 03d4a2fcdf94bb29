// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/auth/ntlm.h"

using namespace holdfast;
using namespace holdfast::wire::auth;

// What decodes must encode, and the copy must decode to the same encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes token{data, size};
  if (const auto message = decode_ntlm_negotiate(token)) {
    const ByteVec once = encode_ntlm_negotiate(*message);
    HF_ASSERT(encode_ntlm_negotiate(*decode_ntlm_negotiate(once)) == once);
  }
  if (const auto message = decode_ntlm_challenge(token)) {
    (void)decode_av_pairs(message->target_info);
    const ByteVec once = encode_ntlm_challenge(*message);
    HF_ASSERT(encode_ntlm_challenge(*decode_ntlm_challenge(once)) == once);
  }
  if (const auto message = decode_ntlm_authenticate(token)) {
    (void)decode_ntlmv2_response(message->nt_response);
    // Names become UTF-8 and may grow beyond what a field's size can say.
    if (size < 8'192) {
      const ByteVec once = encode_ntlm_authenticate(*message);
      HF_ASSERT(encode_ntlm_authenticate(*decode_ntlm_authenticate(once)) == once);
    }
  }
  return 0;
}
