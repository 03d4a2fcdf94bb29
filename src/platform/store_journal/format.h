// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/guid.h"

/// The octets of a journal (README.md has the picture). All numbers are little-endian.
namespace holdfast::platform::store {

/// What is written never shares a block of this size with what was written before, so no failing
/// write can harm what is durable.
inline constexpr std::size_t kBlock = 4096;
/// The version of everything in this header. Magic, version and CRC of a segment's first block
/// stay where they are in every version.
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr std::size_t kBatchHeader = 64;
inline constexpr std::size_t kRecordHeader = 16;
/// Largest payload of a batch.
inline constexpr std::size_t kMaxBatch = 64u << 20;

inline constexpr std::size_t round_up_to_block(std::size_t n) {
  return (n + kBlock - 1) / kBlock * kBlock;
}

/// First block of a segment.
struct SegmentHeader {
  Guid store;
  std::uint64_t number = 0;
  /// The segment that is read before this one; 0: none.
  std::uint64_t previous = 0;
  /// Of the first batch. Whatever the previous segment has with this number or a higher one was
  /// never acknowledged, and is void.
  std::uint64_t first_sequence = 0;
  /// No segment before this one was needed when this one was begun.
  std::uint64_t oldest = 0;
  bool operator==(const SegmentHeader&) const = default;
};

enum class HeaderProblem : std::uint8_t { kNone, kDamaged, kNewer };
void encode_segment_header(const SegmentHeader& header, MutBytes block);
/// `version`: set also when it is newer.
HeaderProblem decode_segment_header(Bytes block, SegmentHeader& header, std::uint16_t& version);

std::string segment_name(std::uint64_t number);
/// nullopt: not a segment's name.
std::optional<std::uint64_t> segment_number(const std::string& name);

struct BatchHeader {
  Guid store;
  std::uint64_t segment = 0;
  std::uint64_t sequence = 0;
  /// As SegmentHeader::oldest, once this batch is durable.
  std::uint64_t oldest = 0;
  std::uint32_t payload_size = 0;
  std::uint32_t records = 0;
};

/// Puts the header with its CRC before a payload: `batch` is kBatchHeader octets and the payload.
void seal_batch(const BatchHeader& header, MutBytes batch);
/// The header as it stands at the begin of `octets`; nullopt when there is none, or the batch does
/// not fit into `octets`. Says nothing about the CRC.
std::optional<BatchHeader> peek_batch(Bytes octets);
/// Whether the CRC of the batch that peek_batch() saw is right.
bool batch_intact(Bytes octets, const BatchHeader& header);

struct RecordView {
  bool erased = false;
  std::uint16_t table = 0;
  Bytes key;
  Bytes value;
  /// Of the whole record.
  std::size_t size = 0;
};

/// Appends a record to a payload.
void append_record(ByteVec& payload, std::uint16_t table, Bytes key, std::optional<Bytes> value);
/// The record at the begin of `octets`; nullopt when it is malformed or its CRC is wrong.
std::optional<RecordView> parse_record(Bytes octets);

}  // namespace holdfast::platform::store
