// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/ioctl.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(IoctlRequest);
HF_WIRE_IMPLEMENT(IoctlResponse);

void encode_fixed(const IoctlResponse& response, std::uint32_t output_length, Writer& writer) {
  HF_ASSERT(response.input.empty());
  encode_described_fixed(response, response.output, output_length, writer);
}

}  // namespace holdfast::wire::smb2
