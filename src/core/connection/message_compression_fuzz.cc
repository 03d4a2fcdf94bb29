// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "core/connection/message_compression.h"

using namespace holdfast;
using wire::smb2::CompressionAlgorithm;

// The first octet: bit 0, chains were negotiated; the rest is the frame.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::size_t kMax = 100'000;
  core::Compression agreed{
      {CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz77, CompressionAlgorithm::kLznt1,
       CompressionAlgorithm::kLz77Huffman, CompressionAlgorithm::kLz4},
      (data[0] & 1) != 0};
  ByteVec frame(data + 1, data + size);
  auto message = core::decompress_message(frame, agreed, kMax, kMax);
  if (!message) return 0;
  HF_ASSERT(message->size() <= kMax);
  // What came out goes in again, and out the same.
  auto again = core::compress_message(*message, 0, agreed, 0);
  if (!again) return 0;
  auto back = core::decompress_message(*again, agreed, kMax, kMax);
  HF_ASSERT(back && equal(*back, *message));
  return 0;
}
