// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/query_info.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(QueryInfoRequest);
HF_WIRE_IMPLEMENT(QueryInfoResponse);
HF_WIRE_IMPLEMENT(QueryQuotaInfo);

void encode_fixed(const QueryInfoResponse& response, std::uint32_t length, Writer& writer) {
  encode_described_fixed(response, response.output_buffer, length, writer);
}

}  // namespace holdfast::wire::smb2
