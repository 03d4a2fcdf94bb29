// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/auth/der.h"
#include "wire/auth/spnego.h"

using namespace holdfast;
using namespace holdfast::wire::auth;

// Whatever decodes must encode, and decode again to the same encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = decode_spnego({data, size});
  if (!decoded) return 0;
  const auto encode = [](const SpnegoToken& token) {
    if (const auto* init = std::get_if<NegTokenInit>(&token)) return encode_spnego_init(*init);
    return encode_spnego_resp(std::get<NegTokenResp>(token));
  };
  const ByteVec once = encode(*decoded);
  const auto again = decode_spnego(once);
  HF_ASSERT(again.has_value());
  HF_ASSERT(encode(*again) == once);
  return 0;
}
