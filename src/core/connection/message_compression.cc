// SPDX-License-Identifier: Apache-2.0
#include "core/connection/message_compression.h"

#include <algorithm>

#include "compression/codec.h"
#include "wire/smb2/compression_transform.h"

namespace holdfast::core {
namespace {

namespace smb2 = wire::smb2;
using smb2::CompressionAlgorithm, smb2::CompressionTransformHeader;

// Below this the gain is less than a packet.
constexpr std::size_t kMinData = 4096;
// MS-SMB2 3.1.4.4.1: shorter runs are not taken out.
constexpr std::size_t kMinRun = 64;
// What stands between two runs is compressed from this size on.
constexpr std::size_t kMinMiddle = 1024;
constexpr std::size_t kPayloadHeaderSize = 8;
constexpr std::size_t kPatternSize = 8;
// In a chain the transform header has eight octets of its own; a payload header follows.
constexpr std::size_t kChainHeaderSize = 8;

// In the order in which this server compresses: the fastest first.
constexpr CompressionAlgorithm kPreferred[] = {
    CompressionAlgorithm::kLz4, CompressionAlgorithm::kLz77, CompressionAlgorithm::kLz77Huffman,
    CompressionAlgorithm::kLznt1};

compression::Algorithm algorithm_of(CompressionAlgorithm algorithm) {
  return static_cast<compression::Algorithm>(algorithm);
}

std::optional<CompressionAlgorithm> preferred(const Compression& agreed) {
  for (CompressionAlgorithm candidate : kPreferred)
    if (agreed.has(candidate)) return candidate;
  return std::nullopt;
}

/// Compresses to the end of `out` if that takes at most 15/16 of the data.
bool append_packed(CompressionAlgorithm algorithm, Bytes data, Buffer& out) {
  if (!compression::looks_compressible(algorithm_of(algorithm), data)) return false;
  std::size_t room = data.size() - data.size() / 16;
  std::size_t before = out.size();
  auto size = compression::compress(algorithm_of(algorithm), data, out.extend(room));
  out.truncate(before + size.value_or(0));
  return size.has_value();
}

template <class Structure>
void append_encoded(const Structure& structure, Buffer& out) {
  Writer writer(out);
  encode(structure, writer);
}

/// Writes the payloads of a chain (MS-SMB2 2.2.42.2) behind each other.
class ChainWriter {
 public:
  ChainWriter(std::size_t original_size, std::size_t capacity, std::size_t headroom)
      : out_(capacity, headroom) {
    // The fields behind the first eight octets are the first payload header's.
    CompressionTransformHeader header;
    header.original_compressed_segment_size = static_cast<std::uint32_t>(original_size);
    append_encoded(header, out_);
    out_.truncate(kChainHeaderSize);
  }

  void plain(Bytes data) {
    if (data.empty()) return;
    std::size_t at = begin(CompressionAlgorithm::kNone);
    out_.append(data);
    end(at);
  }
  void run(std::uint8_t octet, std::size_t repetitions) {
    std::size_t at = begin(CompressionAlgorithm::kPatternV1);
    append_encoded(smb2::CompressionPatternV1{octet, static_cast<std::uint32_t>(repetitions)},
                   out_);
    end(at);
  }
  /// False: it does not pay, and nothing was added.
  bool packed(CompressionAlgorithm algorithm, Bytes data) {
    std::size_t before = out_.size();
    std::size_t at = begin(algorithm);
    store_u32(out_.extend(4).data(), static_cast<std::uint32_t>(data.size()));
    if (!append_packed(algorithm, data, out_)) {
      out_.truncate(before);
      return false;
    }
    end(at);
    return true;
  }
  Buffer take() { return std::move(out_); }
  std::size_t size() const { return out_.size(); }

 private:
  std::size_t begin(CompressionAlgorithm algorithm) {
    std::size_t at = out_.size();
    std::uint8_t* header = out_.extend(kPayloadHeaderSize).data();
    store_u16(header, static_cast<std::uint16_t>(algorithm));
    store_u16(header + 2, at == kChainHeaderSize ? CompressionTransformHeader::kFlagChained
                                                 : CompressionTransformHeader::kFlagNone);
    return at;
  }
  void end(std::size_t at) {
    store_u32(out_.data() + at + 4,
              static_cast<std::uint32_t>(out_.size() - at - kPayloadHeaderSize));
  }

  Buffer out_;
};

std::optional<Buffer> compress_unchained(Bytes message, std::size_t lead,
                                         CompressionAlgorithm algorithm, std::size_t headroom) {
  Buffer out(message.size() + CompressionTransformHeader::kSize, headroom);
  CompressionTransformHeader header;
  header.original_compressed_segment_size = static_cast<std::uint32_t>(message.size() - lead);
  header.compression_algorithm = algorithm;
  header.offset = static_cast<std::uint32_t>(lead);
  append_encoded(header, out);
  out.append(message.first(lead));
  if (!append_packed(algorithm, message.subspan(lead), out)) return std::nullopt;
  return out;
}

/// MS-SMB2 3.1.4.4: runs of one octet at both ends, the middle by an algorithm. The beginning of
/// the message is a payload of its own, as Windows sends it.
std::optional<Buffer> compress_chained(Bytes message, std::size_t lead, const Compression& agreed,
                                       std::size_t headroom) {
  ChainWriter chain(message.size(), message.size() + 128, headroom);
  chain.plain(message.first(lead));
  Bytes middle = message.subspan(lead);
  std::size_t front = 0, back = 0;
  if (agreed.has(CompressionAlgorithm::kPatternV1)) {
    front = compression::run_at_front(middle);
    if (front < kMinRun) front = 0;
    back = compression::run_at_back(middle.subspan(front));
    if (back < kMinRun) back = 0;
  }
  if (front != 0) chain.run(middle.front(), front);
  std::uint8_t last = middle.back();
  middle = middle.subspan(front, middle.size() - front - back);
  std::optional<CompressionAlgorithm> algorithm = preferred(agreed);
  if (!algorithm || middle.size() < kMinMiddle || !chain.packed(*algorithm, middle))
    chain.plain(middle);
  if (back != 0) chain.run(last, back);
  if (chain.size() >= message.size() - message.size() / 16) return std::nullopt;
  return chain.take();
}

using Failure = std::unexpected<std::string_view>;

/// One payload of a chain to the end of `out`, which then has at most max_size octets. Empty: well.
std::string_view append_payload(const smb2::CompressionChainedPayload& payload, Buffer& out,
                                std::size_t max_size) {
  std::size_t room = max_size - out.size();
  if (payload.compression_algorithm == CompressionAlgorithm::kNone) {
    if (payload.payload.size() > room) return "more in a compressed message than it says";
    out.append(payload.payload);
    return {};
  }
  if (payload.compression_algorithm == CompressionAlgorithm::kPatternV1) {
    smb2::CompressionPatternV1 pattern;
    if (payload.payload.size() != kPatternSize || !decode(payload.payload, pattern))
      return "a malformed pattern in a compressed message";
    if (pattern.repetitions > room) return "more in a compressed message than it says";
    if (pattern.repetitions != 0)
      std::memset(out.extend(pattern.repetitions).data(), pattern.pattern, pattern.repetitions);
    return {};
  }
  if (payload.original_payload_size > room) return "more in a compressed message than it says";
  if (!compression::decompress(algorithm_of(payload.compression_algorithm), payload.payload,
                               out.extend(payload.original_payload_size)))
    return "a compressed message that does not decompress";
  return {};
}

std::expected<Buffer, std::string_view> decompress_chained(Bytes frame, const Compression& agreed,
                                                           std::size_t size) {
  smb2::CompressionChain chain;
  if (!decode(frame, chain)) return Failure("a malformed chain in a compressed message");
  for (const auto& payload : chain.payloads)
    if (payload.compression_algorithm != CompressionAlgorithm::kNone &&
        !agreed.has(payload.compression_algorithm))
      return Failure("a compression algorithm that was not negotiated");
  // Flags of the payloads behind the first are not looked at: Windows 11 leaves what was there.
  Buffer out(size);
  for (const auto& payload : chain.payloads)
    if (auto wrong = append_payload(payload, out, size); !wrong.empty()) return Failure(wrong);
  if (out.size() != size) return Failure("less in a compressed message than it says");
  return out;
}

}  // namespace

bool Compression::has(CompressionAlgorithm algorithm) const {
  return std::find(algorithms.begin(), algorithms.end(), algorithm) != algorithms.end();
}

std::optional<Buffer> compress_message(Bytes message, std::size_t lead, const Compression& agreed,
                                       std::size_t headroom) {
  if (agreed.algorithms.empty() || message.size() < lead + kMinData) return std::nullopt;
  if (agreed.chained) return compress_chained(message, lead, agreed, headroom);
  std::optional<CompressionAlgorithm> algorithm = preferred(agreed);
  if (!algorithm) return std::nullopt;
  return compress_unchained(message, lead, *algorithm, headroom);
}

std::expected<Buffer, std::string_view> decompress_message(Bytes frame, const Compression& agreed,
                                                           std::size_t max_segment,
                                                           std::size_t max_message) {
  if (agreed.algorithms.empty()) return Failure("compression was not negotiated");
  CompressionTransformHeader header;
  if (frame.size() < CompressionTransformHeader::kSize || !decode(frame, header))
    return Failure("a malformed compression header");
  std::size_t segment = header.original_compressed_segment_size;
  if (segment > max_segment || segment > max_message)
    return Failure("a compressed message that would become too large");
  if (header.chained()) {
    if (!agreed.chained) return Failure("chained compression was not negotiated");
    return decompress_chained(frame, agreed, segment);
  }
  if (!smb2::has_original_payload_size(header.compression_algorithm) ||
      !agreed.has(header.compression_algorithm))
    return Failure("a compression algorithm that was not negotiated");
  Bytes rest = frame.subspan(CompressionTransformHeader::kSize);
  if (header.offset > rest.size() || header.offset > max_message - segment)
    return Failure("a wrong offset in a compression header");
  Buffer out(header.offset + segment);
  out.append(rest.first(header.offset));
  if (!compression::decompress(algorithm_of(header.compression_algorithm),
                               rest.subspan(header.offset), out.extend(segment)))
    return Failure("a compressed message that does not decompress");
  return out;
}

}  // namespace holdfast::core
