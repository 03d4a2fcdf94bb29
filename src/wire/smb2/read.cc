// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/read.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(ReadRequest);
HF_WIRE_IMPLEMENT(ReadResponse);

void encode_fixed(const ReadResponse& response, std::uint32_t data_length, Writer& writer) {
  encode_described_fixed(response, response.data, data_length, writer);
}

}  // namespace holdfast::wire::smb2
