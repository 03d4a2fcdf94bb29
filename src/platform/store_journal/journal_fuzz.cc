// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "base/assert.h"
#include "platform/store_journal/crc32c.h"
#include "platform/store_journal/journal.h"
#include "platform/store_journal/test_disk.h"

using namespace holdfast;
using namespace holdfast::platform::store;

namespace {

/// Repairs the checksums, so that what is behind them is read, too.
void repair(ByteVec& octets) {
  store_u32(octets.data() + 12, 0);
  store_u32(octets.data() + 12, crc32c(Bytes(octets).first(kBlock)));
  for (std::size_t at = kBlock; at < octets.size(); at += kBlock) {
    auto batch = peek_batch(Bytes(octets).subspan(at));
    if (!batch) continue;
    std::size_t offset = at + kBatchHeader;
    const std::size_t end = offset + batch->payload_size;
    while (end - offset >= kRecordHeader) {
      const std::size_t size = kRecordHeader + load_u16(octets.data() + offset + 8) +
                               load_u32(octets.data() + offset + 12);
      if (size > end - offset) break;
      store_u32(octets.data() + offset, crc32c(Bytes(octets).subspan(offset + 4, size - 4)));
      offset += size;
    }
    store_u32(octets.data() + at + 4, crc32c(Bytes(octets).subspan(at + 8, end - at - 8)));
  }
}

}  // namespace

/// Changes of a good segment, as (position, octet) of 3 octets each behind the first, which says
/// whether checksums are repaired. Whatever is there is read or refused; what is read can be
/// written on, and is read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  TestDisk made;
  const JournalOptions options{.segment_size = 4 * kBlock};
  {
    auto journal = Journal::open(made, options, Guid{}, nullptr);
    HF_ASSERT(journal.has_value());
    for (char c : {'a', 'b', 'c'}) {
      ByteVec payload;
      const std::string key(3, c);
      append_record(payload, 1, as_bytes(key), as_bytes(key));
      append_record(payload, 2, as_bytes(key), std::nullopt);
      HF_ASSERT((*journal)->write(payload).has_value());
    }
  }
  ByteVec& octets = made.folder().at(segment_name(1))->cache;
  for (std::size_t i = 1; i + 2 < size; i += 3)
    octets[load_u16(data + i) % octets.size()] = data[i + 2];
  if (data[0] % 2 == 1) repair(octets);

  TestDisk disk(made.folder());
  auto journal = Journal::open(disk, options, Guid{}, nullptr);
  if (!journal) return 0;
  auto records = (*journal)->load();
  HF_ASSERT(records.has_value() && records->size() == (*journal)->live_records());
  ByteVec payload;
  append_record(payload, 3, {}, Bytes{});
  HF_ASSERT((*journal)->write(payload).has_value());
  TestDisk again(disk.folder());
  auto second = Journal::open(again, options, Guid{}, nullptr);
  HF_ASSERT(second.has_value());
  HF_ASSERT((*second)->live_records() == (*journal)->live_records());
  return 0;
}
