// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "platform/store_journal/disk.h"
#include "platform/store_journal/format.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {

/// One segment that a reader found in use.
struct SegmentInfo {
  SegmentHeader header;
  std::uint64_t file_size = 0;
  /// Where what is valid ends.
  std::uint64_t end = 0;
  std::uint64_t batches = 0;
};

/// What was written last and is not whole: the machine stopped while it was being written, so
/// nobody was told that it is durable.
struct CutTail {
  std::string segment;
  std::uint64_t offset = 0;
  /// From offset to the last octet that is not zero.
  std::uint64_t octets = 0;
  std::uint64_t sequence = 0;
};

struct Scan {
  Guid store;
  /// In the order in which they are read. Empty: a new store.
  std::vector<SegmentInfo> segments;
  std::uint64_t next_sequence = 1;
  std::uint64_t oldest = 0;
  std::optional<CutTail> tail;
  /// Segments that are no longer needed, and files that were never finished.
  std::vector<std::string> leftovers;
};

/// Where a record stands.
struct Place {
  std::uint64_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool operator==(const Place&) const = default;
};

/// Called for each record of each valid batch, in order. Views live during the call only.
using RecordVisitor = std::function<void(const RecordView&, const Place&, std::uint64_t sequence)>;

/// Reads the whole journal. An error says what is damaged or cannot be read, naming segment,
/// offset and, where it can be told, the record. Changes nothing.
ports::StoreResult<Scan> scan_journal(Disk& disk, const RecordVisitor& visitor);

/// One segment by itself: `name` in `disk`. Sequences before it are not known, so its begin is
/// taken as its header says.
ports::StoreResult<Scan> scan_segment(Disk& disk, const std::string& name,
                                      const RecordVisitor& visitor);

/// The batches of a segment's octets, for scan_journal() and for copying live records.
class BatchCursor {
 public:
  BatchCursor(const SegmentHeader& header, Bytes octets)
      : header_(header), octets_(octets), sequence_(header.first_sequence) {}

  /// The next batch, if it is there and whole. false: at_end() or damage at offset().
  bool next(Bytes& payload);
  std::uint64_t offset() const { return offset_; }
  /// Of the batch that next() gives next.
  std::uint64_t sequence() const { return sequence_; }
  /// Of the batch that next() gave last.
  const BatchHeader& header() const { return batch_; }
  std::uint64_t payload_offset() const { return payload_offset_; }

 private:
  SegmentHeader header_;
  Bytes octets_;
  std::uint64_t offset_ = kBlock;
  std::uint64_t sequence_;
  BatchHeader batch_;
  std::uint64_t payload_offset_ = 0;
};

}  // namespace holdfast::platform::store
