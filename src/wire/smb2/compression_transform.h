// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 COMPRESSION_TRANSFORM_HEADER, 16 octets (MS-SMB2 2.2.42). When chained() the last eight
/// octets are the first payload header, and decode(message, CompressionChain&) reads it all.
struct CompressionTransformHeader {
  static constexpr std::size_t kSize = 16;
  static constexpr std::uint16_t kFlagNone = 0x0000;
  static constexpr std::uint16_t kFlagChained = 0x0001;

  /// Octets of the compressed part (unchained) or of the whole message (chained) when uncompressed.
  std::uint32_t original_compressed_segment_size = 0;
  CompressionAlgorithm compression_algorithm = CompressionAlgorithm::kNone;
  std::uint16_t flags = kFlagNone;
  /// Unchained: octets after this header that are not compressed and precede the compressed data.
  std::uint32_t offset = 0;

  bool chained() const { return (flags & kFlagChained) != 0; }

  void describe(this auto& self, auto& v) {
    v.fixed_u32(0x424D53FC);  // 0xFC 'S' 'M' 'B'
    v.field(HF_FIELD(original_compressed_segment_size));
    v.field(HF_FIELD(compression_algorithm));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(offset));
  }
};
HF_WIRE_STRUCT(CompressionTransformHeader);

/// True when the payload of this algorithm begins with OriginalPayloadSize (MS-SMB2 2.2.42.2).
constexpr bool has_original_payload_size(CompressionAlgorithm algorithm) {
  return algorithm == CompressionAlgorithm::kLznt1 || algorithm == CompressionAlgorithm::kLz77 ||
         algorithm == CompressionAlgorithm::kLz77Huffman || algorithm == CompressionAlgorithm::kLz4;
}

/// SMB2_COMPRESSION_CHAINED_PAYLOAD_HEADER and its payload (MS-SMB2 2.2.42.2).
struct CompressionChainedPayload {
  CompressionAlgorithm compression_algorithm = CompressionAlgorithm::kNone;
  /// CompressionTransformHeader::kFlagChained in the first, kFlagNone in the others.
  std::uint16_t flags = 0;
  /// Octets after decompression; only where has_original_payload_size().
  std::uint32_t original_payload_size = 0;
  Bytes payload;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(compression_algorithm));
    v.field(HF_FIELD(flags));
    const bool sized = has_original_payload_size(self.compression_algorithm);
    auto data = v.region();
    // Length counts OriginalPayloadSize where it is present.
    v.length32(data, sized ? 4 : 0);
    if (sized) v.field(HF_FIELD(original_payload_size));
    v.inline_data(data, HF_FIELD(payload));
  }
};

/// A chained compressed message, header and payloads (MS-SMB2 2.2.42.1, 2.2.42.2). At most
/// kMaxPayloads, and at least one.
struct CompressionChain {
  static constexpr std::size_t kMaxPayloads = 64;

  std::uint32_t original_compressed_segment_size = 0;
  std::vector<CompressionChainedPayload> payloads;

  void describe(this auto& self, auto& v) {
    v.fixed_u32(0x424D53FC);
    v.field(HF_FIELD(original_compressed_segment_size));
    v.list_to_end(HF_FIELD(payloads), kMaxPayloads);
    v.check(!self.payloads.empty());
  }
};
HF_WIRE_STRUCT(CompressionChain);

/// SMB2_COMPRESSION_PATTERN_PAYLOAD_V1 (MS-SMB2 2.2.42.2.2): one octet, many times.
struct CompressionPatternV1 {
  std::uint8_t pattern = 0;
  std::uint32_t repetitions = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(pattern));
    v.reserved(3);
    v.field(HF_FIELD(repetitions));
  }
};
HF_WIRE_STRUCT(CompressionPatternV1);

}  // namespace holdfast::wire::smb2
