// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/query_directory.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(QueryDirectoryRequest);
HF_WIRE_IMPLEMENT(QueryDirectoryResponse);

void encode_fixed(const QueryDirectoryResponse& response, std::uint32_t length, Writer& writer) {
  encode_described_fixed(response, response.output_buffer, length, writer);
}

}  // namespace holdfast::wire::smb2
