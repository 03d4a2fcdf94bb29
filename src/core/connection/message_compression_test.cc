// SPDX-License-Identifier: Apache-2.0
#include "core/connection/message_compression.h"

#include <gtest/gtest.h>

#include "wire/smb2/compression_transform.h"

namespace holdfast::core {
namespace {

namespace smb2 = wire::smb2;
using smb2::CompressionAlgorithm;

constexpr std::size_t kLead = 80;
constexpr std::size_t kMax = 8 << 20;
constexpr CompressionAlgorithm kLz[] = {CompressionAlgorithm::kLznt1, CompressionAlgorithm::kLz77,
                                        CompressionAlgorithm::kLz77Huffman,
                                        CompressionAlgorithm::kLz4};

/// A message of `size` octets: something like a header, then words that come again.
ByteVec message_of(std::size_t size) {
  ByteVec m(size);
  for (std::size_t i = 0; i < size; ++i)
    m[i] = static_cast<std::uint8_t>(i < kLead ? 255 - i : i / 7 % 41 * (i % 7));
  return m;
}

ByteVec noise_of(std::size_t size) {
  ByteVec m(size);
  std::uint64_t state = 88172645463325252ull;
  for (auto& octet : m) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    octet = static_cast<std::uint8_t>(state);
  }
  return m;
}

template <class Structure>
ByteVec octets_of(const Structure& structure) {
  Buffer out;
  Writer writer(out);
  encode(structure, writer);
  return to_vec(out);
}

std::string_view failure(Bytes frame, const Compression& agreed, std::size_t max = kMax) {
  auto out = decompress_message(frame, agreed, max, max);
  return out ? "none" : out.error();
}

TEST(MessageCompression, RoundTripsUnchained) {
  for (CompressionAlgorithm algorithm : kLz)
    for (std::size_t size : {kLead + 4096, kLead + 100'000, std::size_t{1} << 20}) {
      Compression agreed{{algorithm}, false};
      ByteVec message = message_of(size);
      auto small = compress_message(message, kLead, agreed, 56);
      ASSERT_TRUE(small.has_value());
      EXPECT_LT(small->size(), size);
      EXPECT_EQ(small->headroom(), 56u);
      smb2::CompressionTransformHeader header;
      ASSERT_TRUE(decode(small->view(), header));
      EXPECT_FALSE(header.chained());
      EXPECT_EQ(header.compression_algorithm, algorithm);
      EXPECT_EQ(header.offset, kLead);
      EXPECT_EQ(header.original_compressed_segment_size, size - kLead);
      auto back = decompress_message(*small, agreed, kMax, kMax);
      ASSERT_TRUE(back.has_value()) << back.error();
      EXPECT_TRUE(equal(*back, message));
    }
}

TEST(MessageCompression, RoundTripsChained) {
  for (CompressionAlgorithm algorithm : kLz) {
    Compression agreed{{CompressionAlgorithm::kPatternV1, algorithm}, true};
    ByteVec message = message_of(50'000);
    std::fill(message.begin() + kLead, message.begin() + 9'000, 7);
    std::fill(message.end() - 5'000, message.end(), 9);
    auto small = compress_message(message, kLead, agreed, 56);
    ASSERT_TRUE(small.has_value());
    smb2::CompressionChain chain;
    ASSERT_TRUE(decode(small->view(), chain));
    EXPECT_EQ(chain.original_compressed_segment_size, message.size());
    ASSERT_EQ(chain.payloads.size(), 4u);
    EXPECT_EQ(chain.payloads[0].compression_algorithm, CompressionAlgorithm::kNone);
    EXPECT_EQ(chain.payloads[0].flags, smb2::CompressionTransformHeader::kFlagChained);
    EXPECT_EQ(chain.payloads[1].compression_algorithm, CompressionAlgorithm::kPatternV1);
    EXPECT_EQ(chain.payloads[1].flags, smb2::CompressionTransformHeader::kFlagNone);
    EXPECT_EQ(chain.payloads[2].compression_algorithm, algorithm);
    EXPECT_EQ(chain.payloads[2].original_payload_size, 50'000u - 9'000 - 5'000);
    EXPECT_EQ(chain.payloads[3].compression_algorithm, CompressionAlgorithm::kPatternV1);
    auto back = decompress_message(*small, agreed, kMax, kMax);
    ASSERT_TRUE(back.has_value()) << back.error();
    EXPECT_TRUE(equal(*back, message));
  }
}

TEST(MessageCompression, OnlyPatternsWork) {
  Compression agreed{{CompressionAlgorithm::kPatternV1}, true};
  ByteVec message = message_of(1 << 20);
  std::fill(message.begin() + kLead, message.end(), 0);
  auto small = compress_message(message, kLead, agreed, 0);
  ASSERT_TRUE(small.has_value());
  EXPECT_LT(small->size(), 150u);
  auto back = decompress_message(*small, agreed, kMax, kMax);
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(equal(*back, message));
}

TEST(MessageCompression, LeavesAloneWhatDoesNotPay) {
  for (bool chained : {false, true})
    for (CompressionAlgorithm algorithm : kLz) {
      Compression agreed{{CompressionAlgorithm::kPatternV1, algorithm}, chained};
      EXPECT_FALSE(compress_message(message_of(4'000), kLead, agreed, 0));
      EXPECT_FALSE(compress_message(noise_of(10'000), kLead, agreed, 0));
      EXPECT_FALSE(compress_message(noise_of(1 << 20), kLead, agreed, 0));
    }
  EXPECT_FALSE(compress_message(message_of(100'000), kLead, Compression{}, 0));
}

TEST(MessageCompression, RefusesWhatWasNotNegotiated) {
  Compression lz77{{CompressionAlgorithm::kLz77}, false};
  Compression chained{{CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz4}, true};
  auto unchained_message = compress_message(message_of(9'000), kLead, lz77, 0);
  auto chained_message = compress_message(message_of(9'000), kLead, chained, 0);
  ASSERT_TRUE(unchained_message && chained_message);
  EXPECT_EQ(failure(*unchained_message, {}), "compression was not negotiated");
  EXPECT_EQ(failure(*unchained_message, chained),
            "a compression algorithm that was not negotiated");
  EXPECT_EQ(failure(*chained_message, lz77), "chained compression was not negotiated");
  Compression other{{CompressionAlgorithm::kLz77}, true};
  EXPECT_EQ(failure(*chained_message, other), "a compression algorithm that was not negotiated");
  // An unchained pattern does not exist.
  smb2::CompressionTransformHeader header;
  header.compression_algorithm = CompressionAlgorithm::kPatternV1;
  header.original_compressed_segment_size = 100;
  ByteVec pattern = octets_of(header);
  pattern.resize(24);
  EXPECT_EQ(failure(pattern, chained), "a compression algorithm that was not negotiated");
}

TEST(MessageCompression, BoundsWhatComesOut) {
  Compression agreed{{CompressionAlgorithm::kPatternV1, CompressionAlgorithm::kLz77}, true};
  smb2::CompressionChain bomb;
  ByteVec pattern = octets_of(smb2::CompressionPatternV1{0, 0xFFFFFFFF});
  bomb.original_compressed_segment_size = 0xFFFFFFFF;
  bomb.payloads = {{CompressionAlgorithm::kPatternV1, 1, 0, pattern}};
  EXPECT_EQ(failure(octets_of(bomb), agreed), "a compressed message that would become too large");
  bomb.original_compressed_segment_size = 1000;
  EXPECT_EQ(failure(octets_of(bomb), agreed), "more in a compressed message than it says");
  pattern = octets_of(smb2::CompressionPatternV1{0, 600});
  bomb.payloads = {{CompressionAlgorithm::kPatternV1, 1, 0, pattern},
                   {CompressionAlgorithm::kPatternV1, 0, 0, pattern}};
  EXPECT_EQ(failure(octets_of(bomb), agreed), "more in a compressed message than it says");
  bomb.original_compressed_segment_size = 1300;
  EXPECT_EQ(failure(octets_of(bomb), agreed), "less in a compressed message than it says");
  bomb.original_compressed_segment_size = 1200;
  EXPECT_EQ(failure(octets_of(bomb), agreed), "none");
  EXPECT_EQ(failure(octets_of(bomb), agreed, 1199),
            "a compressed message that would become too large");
  // Windows 11 leaves what was there in the flags of later payloads.
  bomb.payloads[1].flags = 0x4711;
  EXPECT_EQ(failure(octets_of(bomb), agreed), "none");
}

TEST(MessageCompression, RefusesWrongOffsetsAndCutFrames) {
  Compression agreed{{CompressionAlgorithm::kLz77}, false};
  auto small = compress_message(message_of(9'000), kLead, agreed, 0);
  ASSERT_TRUE(small.has_value());
  ByteVec frame = to_vec(*small);
  for (std::size_t size = 0; size < frame.size(); size += 7)
    EXPECT_NE(failure(Bytes(frame).first(size), agreed), "none");
  for (std::uint32_t offset : {0xFFFFFFFFu, 0x80000000u, 9'000u})
    if (offset > frame.size()) {
      ByteVec wrong = frame;
      store_u32(&wrong[12], offset);
      EXPECT_EQ(failure(wrong, agreed), "a wrong offset in a compression header");
    }
}

}  // namespace
}  // namespace holdfast::core
