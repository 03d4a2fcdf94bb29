// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/failover_limits.h"
#include "wire/proxy/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  using namespace holdfast::wire::proxy;
  Bytes received(data, size);
  Parsed parsed = parse_proxy_header(received);
  if (size >= limits::kMaxProxyHeader) HF_ASSERT(parsed.progress != Progress::kIncomplete);
  HF_ASSERT((parsed.progress == Progress::kMalformed) == !parsed.error.empty());
  if (parsed.progress != Progress::kComplete) return 0;
  HF_ASSERT(parsed.size <= size && parsed.size <= limits::kMaxProxyHeader);
  // The end of the header does not depend on what follows, and no part of it is complete.
  HF_ASSERT(parse_proxy_header(received.first(parsed.size)).header == parsed.header);
  HF_ASSERT(parse_proxy_header(received.first(parsed.size - 1)).progress == Progress::kIncomplete);
  Header& h = parsed.header;
  if (h.version == 1) {
    HF_ASSERT(parse_proxy_header(as_bytes(encode_v1(h))).header == h);
  } else {
    ByteVec again = encode_v2(h);
    HF_ASSERT(parse_proxy_header(again).header == h);
  }
  return 0;
}
