// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

/// What a connection has agreed on (MS-SMB2 3.3.1.7: CompressionIds, SupportsChainedCompression).
struct Compression {
  /// Empty: no message may be compressed. In the client's order.
  std::vector<wire::smb2::CompressionAlgorithm> algorithms;
  bool chained = false;

  bool has(wire::smb2::CompressionAlgorithm algorithm) const;
};

/// Compresses a message, except for its first `lead` octets (MS-SMB2 3.1.4.4), into a buffer with
/// `headroom` octets in front. nullopt: too short, or it does not pay; the message goes as it is.
std::optional<Buffer> compress_message(Bytes message, std::size_t lead, const Compression& agreed,
                                       std::size_t headroom);

/// Decompresses a frame that begins with a COMPRESSION_TRANSFORM_HEADER (MS-SMB2 3.3.5.2.1.2,
/// 3.1.5.3). max_segment bounds OriginalCompressedSegmentSize, max_message the whole result, before
/// anything is allocated. The error says which rule is broken: the connection is to be ended.
std::expected<Buffer, std::string_view> decompress_message(Bytes frame, const Compression& agreed,
                                                           std::size_t max_segment,
                                                           std::size_t max_message);

}  // namespace holdfast::core
