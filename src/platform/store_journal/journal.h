// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>

#include "base/event.h"
#include "platform/store_journal/disk.h"
#include "platform/store_journal/scan.h"
#include "ports/state_store.h"

namespace holdfast::platform::store {

struct JournalOptions {
  /// Of a segment, octets; a multiple of kBlock. A larger batch gets a larger segment.
  std::size_t segment_size = 1u << 20;
  /// Live records are copied in steps of about so many octets, each with what is written anyway.
  std::size_t copy_step = 64u << 10;
};

/// An empty segment, made beforehand: its blocks are allocated and written with zeros, so that
/// nothing but their content changes when a batch is made durable.
struct Spare {
  std::string name;
  std::unique_ptr<DiskFile> file;
  std::uint64_t size = 0;
};

/// Makes a spare of a file that is no longer needed, or of a new one (`file` is null). Blocks; may
/// run beside everything else.
DiskResult<Spare> make_spare(Disk& disk, Spare old, std::uint64_t size);

/// The oldest segment while its live records are copied.
struct CopyProgress {
  ByteVec octets;
  std::optional<BatchCursor> batches;
  Bytes payload;
  std::uint64_t offset = 0;
  bool finished = false;
};

/// The journal itself, synchronous: one caller at a time. An index says where each live record
/// stands; values stay on the disk.
class Journal {
 public:
  /// Reads what is there and begins a new segment behind it (with the next write(), when the volume
  /// is full); in an empty folder, a new store with this id. `disk` must be locked, and outlive the
  /// journal. `events` may be null.
  static ports::StoreResult<std::unique_ptr<Journal>> open(Disk& disk,
                                                           const JournalOptions& options,
                                                           const Guid& new_id, EventSink* events);

  /// Writes records (append_record()) as one batch, and with them, if some must be copied, a few
  /// of the oldest. Success: they are durable. After an error they are not: nothing was changed,
  /// and the next write goes to a new segment.
  ports::StoreResult<void> write(Bytes records);
  /// Whether write() with nothing would make the journal smaller.
  bool wants_copying() const;
  /// All live records.
  ports::StoreResult<std::vector<ports::StoreRecord>> load();
  /// The records of `payload` without those that a later one replaces or that change nothing.
  ByteVec condensed(Bytes payload) const;

  /// Whether take_old() and, from any thread, make_spare() are wanted, and what comes of them.
  bool wants_spare() const { return !spare_ && !old_taken_; }
  Spare take_old();
  void give_spare(DiskResult<Spare> made);

  const Guid& id() const { return id_; }
  std::uint64_t sequence() const { return next_sequence_ - 1; }
  std::size_t live_records() const { return index_.size(); }
  std::uint64_t live_octets() const { return live_octets_; }
  /// Of all segments in use and the spare.
  std::uint64_t disk_octets() const;
  std::uint64_t segment_size() const { return options_.segment_size; }

 private:
  struct Segment {
    SegmentHeader header;
    std::unique_ptr<DiskFile> file;
    std::uint64_t size = 0;
    /// Where the next batch goes, or what is valid ends.
    std::uint64_t end = 0;
  };

  Journal(Disk& disk, const JournalOptions& options, EventSink* events)
      : disk_(disk), options_(options), events_(events) {}
  ports::StoreResult<void> recover(const Guid& new_id);
  void visited(const RecordView& record, const Place& place);
  ports::StoreResult<void> settle(const Scan& scan);
  ports::StoreResult<void> begin_segment(std::uint64_t room);
  DiskResult<void> place_segment(Spare& spare, const SegmentHeader& header);
  ports::StoreResult<void> put_batch(ByteVec& batch, std::uint32_t records, std::uint64_t oldest);
  void enter(Bytes payload, std::uint64_t segment, std::uint64_t offset);
  std::uint32_t copy_some(ByteVec& batch);
  bool begin_copying();
  void retire_oldest();
  DiskResult<ByteVec> read_segment(Segment& segment);
  void warn(std::string_view name, Severity severity, std::string message);
  ports::StoreError broken(int error, const std::string& what);

  Disk& disk_;
  const JournalOptions options_;
  EventSink* events_;
  Guid id_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_number_ = 1;
  std::uint64_t oldest_ = 1;
  /// In the order of reading; the last one is written to, unless abandoned_.
  std::deque<Segment> segments_;
  /// The last write failed: what the segment holds behind its end is not known. Or there was no
  /// room for a new segment at the start.
  bool abandoned_ = false;
  std::optional<Spare> spare_;
  Spare old_;
  bool old_taken_ = false;
  std::optional<CopyProgress> copying_;
  /// The oldest segment cannot be read any more, so nothing before it can go.
  bool copying_failed_ = false;

  std::unordered_map<std::string, Place> index_;
  std::uint64_t live_octets_ = 0;
};

}  // namespace holdfast::platform::store
