// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/rpc/epm.h"

namespace {

using namespace holdfast;
using namespace holdfast::wire::rpc::epm;

/// What decodes is written again, and then decodes to the same.
template <class T>
void round_trip(Bytes stub, bool (*decode)(Bytes, T&), void (*encode)(const T&, Buffer&)) {
  T first, again;
  if (!decode(stub, first)) return;
  Buffer out;
  encode(first, out);
  HF_ASSERT(decode(out.view(), again) && again == first);
}

void fuzz_tower(Bytes octets) {
  auto tower = decode_tower(octets);
  if (!tower || !tower->is_tcp()) return;
  auto again = decode_tower(encode_tower(*tower));
  HF_ASSERT(again && *again == *tower);
}

}  // namespace

/// First octet: which stub, or a tower.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes stub(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0: fuzz_tower(stub); break;
    case 1: round_trip<MapRequest>(stub, decode_map_request, encode_map_request); break;
    case 2: round_trip<MapResponse>(stub, decode_map_response, encode_map_response); break;
    case 3: round_trip<LookupRequest>(stub, decode_lookup_request, encode_lookup_request); break;
    case 4: round_trip<LookupResponse>(stub, decode_lookup_response, encode_lookup_response); break;
    case 5: {
      Handle handle;
      (void)decode_handle(stub, handle);
    }
  }
  return 0;
}
