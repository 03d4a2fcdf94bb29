// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/transport.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

bool decode(Bytes octets, FrameHeader& out) {
  Reader reader(octets);
  const std::uint32_t word = reader.u32_be();
  out = {static_cast<std::uint8_t>(word >> 24), word & FrameHeader::kMaxLength};
  return reader.ok();
}

void encode(const FrameHeader& frame, MutBytes four) {
  HF_ASSERT(four.size() == FrameHeader::kSize && frame.length <= FrameHeader::kMaxLength);
  store_u32(four.data(), __builtin_bswap32(std::uint32_t{frame.type} << 24 | frame.length));
}

std::string print(const FrameHeader& frame) {
  Printer printer("FrameHeader");
  printer.field("type", frame.type);
  printer.field("length", frame.length);
  return printer.take();
}

}  // namespace holdfast::wire::smb2
