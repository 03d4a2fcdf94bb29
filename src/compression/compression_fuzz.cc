// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/reader.h"
#include "compression/codec.h"

using namespace holdfast;
using namespace holdfast::compression;

// First octet: the algorithm (mod 4) and what to do (bit 2). Then for decompression the size of the
// output (16 bits) and the input; for a round trip the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr Algorithm kAll[] = {Algorithm::kLznt1, Algorithm::kLz77, Algorithm::kLz77Huffman,
                                       Algorithm::kLz4};
  Reader r(Bytes{data, size});
  const std::uint8_t how = r.u8();
  Algorithm algorithm = kAll[how % 4];
  if ((how & 4) == 0) {
    // What is allocated is exactly what may be written, so that the sanitizer sees anything else.
    ByteVec out(r.u16());
    Bytes in = r.rest();
    if (!r.ok()) return 0;
    ByteVec exact = to_vec(in);
    (void)decompress(algorithm, exact, out);
    return 0;
  }
  ByteVec in = to_vec(r.rest());
  if (!r.ok() || in.empty()) return 0;
  ByteVec out(2 * in.size() + 1024);
  auto packed = compress(algorithm, in, out);
  HF_ASSERT(packed.has_value());
  ByteVec back(in.size());
  HF_ASSERT(decompress(algorithm, Bytes(out).first(*packed), back));
  HF_ASSERT(equal(back, in));
  // One octet less than it needs: it must say so.
  ByteVec tight(*packed - 1);
  if (auto again = compress(algorithm, in, tight)) HF_ASSERT(*again < *packed);
  return 0;
}
