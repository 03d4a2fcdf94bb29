// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/format.h"

#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/reader.h"
#include "platform/store_journal/crc32c.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {
namespace {

constexpr std::uint8_t kSegmentMagic[8] = {'H', 'F', 'J', 'O', 'U', 'R', 'N', 'L'};
constexpr std::uint32_t kBatchMagic = 0x31424648;  // "HFB1"
constexpr std::string_view kPrefix = "segment-";

/// Fields one after the other into octets that are big enough.
class Put {
 public:
  explicit Put(MutBytes out) : out_(out) {}
  void bytes(Bytes v) {
    std::memcpy(out_.data() + at_, v.data(), v.size());
    at_ += v.size();
  }
  void u16(std::uint16_t v) { store_u16(step(2), v); }
  void u32(std::uint32_t v) { store_u32(step(4), v); }
  void u64(std::uint64_t v) { store_u64(step(8), v); }

 private:
  std::uint8_t* step(std::size_t n) {
    std::uint8_t* p = out_.data() + at_;
    at_ += n;
    return p;
  }
  MutBytes out_;
  std::size_t at_ = 0;
};

/// The CRC field of a segment's first block is octets 12 to 15.
std::uint32_t header_crc(Bytes block) {
  static constexpr std::uint8_t kZero[4] = {};
  return crc32c(block.subspan(16), crc32c(kZero, crc32c(block.first(12))));
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, MutBytes block) {
  HF_ASSERT(block.size() == kBlock);
  std::memset(block.data(), 0, kBlock);
  Put put(block);
  put.bytes(kSegmentMagic);
  put.u16(kFormatVersion);
  put.u16(0);
  put.u32(0);
  put.bytes(header.store.view());
  put.u64(header.number);
  put.u64(header.previous);
  put.u64(header.first_sequence);
  put.u64(header.oldest);
  store_u32(block.data() + 12, header_crc(block));
}

HeaderProblem decode_segment_header(Bytes block, SegmentHeader& header, std::uint16_t& version) {
  if (block.size() < kBlock || !equal(block.first(8), kSegmentMagic))
    return HeaderProblem::kDamaged;
  block = block.first(kBlock);
  if (load_u32(block.data() + 12) != header_crc(block)) return HeaderProblem::kDamaged;
  Reader reader(block);
  reader.skip(8);
  version = reader.u16();
  if (version > kFormatVersion) return HeaderProblem::kNewer;
  reader.skip(6);
  header.store = Guid::from(reader.bytes(16));
  header.number = reader.u64();
  header.previous = reader.u64();
  header.first_sequence = reader.u64();
  header.oldest = reader.u64();
  const bool ordered = header.previous < header.number && header.oldest <= header.number;
  return version != 0 && ordered ? HeaderProblem::kNone : HeaderProblem::kDamaged;
}

std::string segment_name(std::uint64_t number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name(kPrefix);
  for (int shift = 60; shift >= 0; shift -= 4) name += kDigits[number >> shift & 15];
  return name;
}

std::optional<std::uint64_t> segment_number(const std::string& name) {
  if (name.size() != kPrefix.size() + 16 || !name.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* begin = name.data() + kPrefix.size();
  auto [end, error] = std::from_chars(begin, begin + 16, number, 16);
  if (error != std::errc() || end != begin + 16 || number == 0) return std::nullopt;
  return segment_name(number) == name ? std::optional(number) : std::nullopt;
}

void seal_batch(const BatchHeader& header, MutBytes batch) {
  HF_ASSERT(batch.size() == kBatchHeader + header.payload_size);
  Put put(batch);
  put.u32(kBatchMagic);
  put.u32(0);
  put.u32(header.payload_size);
  put.u32(header.records);
  put.bytes(header.store.view());
  put.u64(header.segment);
  put.u64(header.sequence);
  put.u64(header.oldest);
  put.u64(0);
  store_u32(batch.data() + 4, crc32c(Bytes(batch).subspan(8)));
}

std::optional<BatchHeader> peek_batch(Bytes octets) {
  Reader reader(octets);
  const std::uint32_t magic = reader.u32();
  reader.skip(4);
  BatchHeader header;
  header.payload_size = reader.u32();
  header.records = reader.u32();
  header.store = Guid::from(reader.bytes(16));
  header.segment = reader.u64();
  header.sequence = reader.u64();
  header.oldest = reader.u64();
  reader.skip(8);
  if (!reader.ok() || magic != kBatchMagic) return std::nullopt;
  if (header.payload_size > kMaxBatch || header.payload_size > reader.remaining())
    return std::nullopt;
  return header;
}

bool batch_intact(Bytes octets, const BatchHeader& header) {
  return load_u32(octets.data() + 4) ==
         crc32c(octets.subspan(8, kBatchHeader - 8 + header.payload_size));
}

void append_record(ByteVec& payload, std::uint16_t table, Bytes key, std::optional<Bytes> value) {
  const std::size_t begin = payload.size();
  const std::size_t value_size = value ? value->size() : 0;
  payload.resize(begin + kRecordHeader + key.size() + value_size);
  Put put(MutBytes(payload).subspan(begin));
  put.u32(0);
  put.u16(value ? 1 : 2);
  put.u16(table);
  put.u16(static_cast<std::uint16_t>(key.size()));
  put.u16(0);
  put.u32(static_cast<std::uint32_t>(value_size));
  if (!key.empty()) put.bytes(key);
  if (value_size != 0) put.bytes(*value);
  store_u32(payload.data() + begin, crc32c(Bytes(payload).subspan(begin + 4)));
}

std::optional<RecordView> parse_record(Bytes octets) {
  Reader reader(octets);
  const std::uint32_t crc = reader.u32();
  const std::uint16_t kind = reader.u16();
  RecordView record;
  record.table = reader.u16();
  const std::uint16_t key_size = reader.u16();
  const std::uint16_t zero = reader.u16();
  const std::uint32_t value_size = reader.u32();
  record.key = reader.bytes(key_size);
  record.value = reader.bytes(value_size);
  if (!reader.ok() || zero != 0 || (kind != 1 && kind != 2)) return std::nullopt;
  if (key_size > ports::kMaxStoreKey || value_size > ports::kMaxStoreValue) return std::nullopt;
  record.erased = kind == 2;
  if (record.erased && value_size != 0) return std::nullopt;
  record.size = reader.position();
  if (crc != crc32c(octets.subspan(4, record.size - 4))) return std::nullopt;
  return record;
}

}  // namespace holdfast::platform::store
