// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/write.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(WriteRequest);
HF_WIRE_IMPLEMENT(WriteResponse);

void encode_fixed(const WriteRequest& request, std::uint32_t data_length, Writer& writer) {
  encode_described_fixed(request, request.data, data_length, writer);
}

}  // namespace holdfast::wire::smb2
