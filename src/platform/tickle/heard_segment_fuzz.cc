// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/assert.h"
#include "platform/tickle/heard_segment.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  using namespace holdfast::platform;
  Bytes octets(data, size);
  if (auto heard = parse_segment(octets, size)) HF_ASSERT(heard->payload_octets <= size - 20);
  // Of a long packet only the headers are there.
  if (auto heard = parse_v4_packet(octets, size)) {
    HF_ASSERT(heard->payload_octets <= size - 40);
    Bytes headers = octets.first(std::min(size, kMaxHeaders));
    HF_ASSERT(parse_v4_packet(headers, size) == heard);
  }
  return 0;
}
