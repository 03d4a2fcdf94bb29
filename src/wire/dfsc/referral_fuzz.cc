// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/dfsc/referral.h"

/// First octet: request, extended request or response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  if (size == 0) return 0;
  Bytes bytes(data + 1, size - 1);
  if (data[0] % 3 == 0) {
    if (Result<wire::dfsc::ReferralRequest> request = wire::dfsc::decode_request(bytes)) {
      Buffer octets;
      Writer w(octets);
      append(*request, w);
      HF_ASSERT(wire::dfsc::decode_request(octets.view()).has_value());
    }
  } else if (data[0] % 3 == 1) {
    (void)wire::dfsc::decode_request_ex(bytes);
  } else {
    (void)wire::dfsc::decode_response(bytes);
  }
  return 0;
}
