// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/journal.h"

#include <algorithm>
#include <cerrno>

#include "platform/store_journal/errors.h"

namespace holdfast::platform::store {
namespace {

using ports::StoreError;
using ports::StoreResult;

constexpr std::size_t kZeros = 64u << 10;

std::string index_key(std::uint16_t table, Bytes key) {
  std::string text;
  text.reserve(2 + key.size());
  text += static_cast<char>(table & 0xFF);
  text += static_cast<char>(table >> 8);
  text += as_text(key);
  return text;
}

std::uint32_t count_records(Bytes payload) {
  std::uint32_t count = 0;
  for (; !payload.empty(); ++count) {
    auto record = parse_record(payload);
    HF_ASSERT(record);
    payload = payload.subspan(record->size);
  }
  return count;
}

}  // namespace

DiskResult<Spare> make_spare(Disk& disk, Spare old, std::uint64_t size) {
  Spare spare = std::move(old);
  if (spare.file == nullptr) {
    spare = Spare{.name = "spare.tmp", .file = nullptr, .size = size};
    auto file = disk.open(spare.name, Disk::Open::kCreate);
    if (!file) return std::unexpected(file.error());
    spare.file = std::move(*file);
    if (auto done = spare.file->allocate(size); !done) {
      (void)disk.unlink(spare.name);
      return std::unexpected(done.error());
    }
  }
  const ByteVec zeros(kZeros);
  for (std::uint64_t at = 0; at < spare.size; at += kZeros) {
    const Bytes piece = Bytes(zeros).first(std::min<std::uint64_t>(kZeros, spare.size - at));
    if (auto done = write_all(*spare.file, piece, at); !done) {
      (void)disk.unlink(spare.name);
      return std::unexpected(done.error());
    }
  }
  if (auto done = spare.file->sync_data(); !done) {
    (void)disk.unlink(spare.name);
    return std::unexpected(done.error());
  }
  return spare;
}

StoreResult<std::unique_ptr<Journal>> Journal::open(Disk& disk, const JournalOptions& options,
                                                    const Guid& new_id, EventSink* events) {
  HF_ASSERT(options.segment_size % kBlock == 0 && options.segment_size >= 2 * kBlock);
  std::unique_ptr<Journal> journal(new Journal(disk, options, events));
  if (auto done = journal->recover(new_id); !done) return std::unexpected(done.error());
  return journal;
}

StoreResult<void> Journal::recover(const Guid& new_id) {
  auto scan = scan_journal(disk_, [this](const RecordView& record, const Place& place,
                                         std::uint64_t) { visited(record, place); });
  if (!scan) return std::unexpected(scan.error());
  id_ = scan->segments.empty() ? new_id : scan->store;
  next_sequence_ = scan->next_sequence;
  if (scan->tail) {
    const CutTail& tail = *scan->tail;
    warn("store.tail.cut", Severity::kWarning,
         "The journal in " + disk_.path() + " ends with a write that was not finished: " +
             std::to_string(tail.octets) + " octets at octet " + std::to_string(tail.offset) +
             " of " + tail.segment + ", batch " + std::to_string(tail.sequence) +
             ", are left out. Nobody was told that they were durable.");
  }
  return settle(*scan);
}

/// What was read becomes durable (it may be in the page cache of a process that was killed), then
/// the leftovers go and the new segment is begun.
StoreResult<void> Journal::settle(const Scan& scan) {
  for (const SegmentInfo& info : scan.segments) {
    const std::string name = segment_name(info.header.number);
    const std::string what = "open " + name + " in " + disk_.path() + " for writing";
    auto file = disk_.open(name, Disk::Open::kWrite);
    if (!file) return std::unexpected(error_of(file.error(), what));
    if (auto done = (*file)->sync_data(); !done)
      return std::unexpected(error_of(done.error(), "make " + name + " durable"));
    segments_.push_back(Segment{info.header, std::move(*file), info.file_size, info.end});
    next_number_ = info.header.number + 1;
  }
  for (const std::string& name : scan.leftovers) (void)disk_.unlink(name);
  oldest_ = segments_.empty() ? 1 : segments_.front().header.number;
  auto done = begin_segment(options_.segment_size);
  if (!done && done.error().status == NtStatus::kDiskFull && !segments_.empty()) {
    // What the store holds can be served all the same, and made room for by those who have it.
    abandoned_ = true;
    warn("store.full", Severity::kError,
         done.error().message + " Until then nothing new is kept in the store.");
    return {};
  }
  if (!done) return done;
  auto spare = make_spare(disk_, {}, options_.segment_size);
  if (spare) {
    spare_ = std::move(*spare);
    return {};
  }
  ports::StoreError error =
      error_of(spare.error(),
               "reserve " + std::to_string(options_.segment_size) + " octets in " + disk_.path());
  if (error.status != NtStatus::kDiskFull) return std::unexpected(std::move(error));
  warn("store.no_spare", Severity::kWarning, error.message);
  return {};
}

void Journal::visited(const RecordView& record, const Place& place) {
  auto [entry, is_new] = index_.try_emplace(index_key(record.table, record.key));
  if (!is_new) live_octets_ -= entry->second.size;
  if (record.erased) {
    index_.erase(entry);
    return;
  }
  entry->second = place;
  live_octets_ += place.size;
}

StoreError Journal::broken(int error, const std::string& what) {
  return error_of(error, what + " in the journal in " + disk_.path());
}

void Journal::warn(std::string_view name, Severity severity, std::string message) {
  if (events_ == nullptr) return;
  events_->emit(Event{severity, name, std::move(message), {{"folder", disk_.path()}}});
}

/// A segment has its name only when its header is durable, and a batch is written to it only when
/// its name is: a named segment without a whole header is damage, never a crash.
DiskResult<void> Journal::place_segment(Spare& spare, const SegmentHeader& header) {
  ByteVec block(kBlock);
  encode_segment_header(header, block);
  if (auto done = write_all(*spare.file, block, 0); !done) return done;
  if (auto done = spare.file->sync_data(); !done) return done;
  if (auto done = disk_.rename(spare.name, segment_name(header.number)); !done) return done;
  return disk_.sync_folder();
}

/// `room`: the size that the segment needs.
StoreResult<void> Journal::begin_segment(std::uint64_t room) {
  Spare spare;
  if (spare_ && spare_->size >= room) {
    spare = std::move(*spare_);
    spare_.reset();
  } else {
    // An own name: a spare of the usual size may be in the making.
    Spare own{.name = "own.tmp", .file = nullptr, .size = std::max(room, segment_size())};
    auto file = disk_.open(own.name, Disk::Open::kCreate);
    if (!file) return std::unexpected(broken(file.error(), "make a segment"));
    own.file = std::move(*file);
    auto made = own.file->allocate(own.size);
    if (!made) (void)disk_.unlink(own.name);
    auto filled = made ? make_spare(disk_, std::move(own), 0)
                       : DiskResult<Spare>(std::unexpected(made.error()));
    if (!filled) return std::unexpected(broken(filled.error(), "make a segment"));
    spare = std::move(*filled);
  }
  SegmentHeader header{.store = id_,
                       .number = next_number_++,
                       .previous = segments_.empty() ? 0 : segments_.back().header.number,
                       .first_sequence = next_sequence_,
                       .oldest = segments_.empty() ? next_number_ - 1 : oldest_};
  if (auto done = place_segment(spare, header); !done) {
    // Under whichever name it is now.
    (void)disk_.unlink(spare.name);
    (void)disk_.unlink(segment_name(header.number));
    return std::unexpected(broken(done.error(), "begin " + segment_name(header.number)));
  }
  if (segments_.empty()) oldest_ = header.number;
  segments_.push_back(Segment{header, std::move(spare.file), spare.size, kBlock});
  abandoned_ = false;
  return {};
}

StoreResult<void> Journal::write(Bytes records) {
  ByteVec batch(kBatchHeader);
  std::uint32_t count = wants_copying() ? copy_some(batch) : 0;
  const bool retiring = copying_ && copying_->finished;
  count += count_records(records);
  batch.insert(batch.end(), records.begin(), records.end());
  const std::uint64_t oldest = retiring ? segments_[1].header.number : oldest_;
  if (auto done = put_batch(batch, count, oldest); !done) {
    copying_.reset();
    return done;
  }
  enter(Bytes(batch).subspan(kBatchHeader), segments_.back().header.number,
        segments_.back().end - round_up_to_block(batch.size()) + kBatchHeader);
  if (retiring) retire_oldest();
  return {};
}

StoreResult<void> Journal::put_batch(ByteVec& batch, std::uint32_t records, std::uint64_t oldest) {
  const std::uint32_t payload = static_cast<std::uint32_t>(batch.size() - kBatchHeader);
  HF_ASSERT(payload <= kMaxBatch);
  const std::uint64_t room = round_up_to_block(batch.size());
  if (abandoned_ || segments_.back().end + room > segments_.back().size)
    if (auto done = begin_segment(kBlock + room); !done) return done;
  Segment& segment = segments_.back();
  seal_batch({id_, segment.header.number, next_sequence_, oldest, payload, records}, batch);
  auto done = write_all(*segment.file, batch, segment.end);
  // After a failed sync the kernel may have dropped what it could not write, and would call a
  // second sync a success. So nothing goes to this segment any more; the next one says from which
  // sequence on it counts, which makes whatever is here of this batch void.
  if (done) done = segment.file->sync_data();
  if (!done) {
    abandoned_ = true;
    return std::unexpected(broken(done.error(), "write batch " + std::to_string(next_sequence_) +
                                                    " to " + segment_name(segment.header.number)));
  }
  segment.end += room;
  oldest_ = oldest;
  ++next_sequence_;
  return {};
}

void Journal::enter(Bytes payload, std::uint64_t segment, std::uint64_t offset) {
  while (!payload.empty()) {
    auto record = parse_record(payload);
    HF_ASSERT(record);
    visited(*record, Place{segment, static_cast<std::uint32_t>(offset),
                           static_cast<std::uint32_t>(record->size)});
    payload = payload.subspan(record->size);
    offset += record->size;
  }
}

/// What is before the last segment may be twice what is alive, so that each live record is copied
/// about once for each time that the store is written over; and one segment more while anything is
/// alive, so that small stores are not copied all the time.
bool Journal::wants_copying() const {
  if (segments_.size() < 2 || copying_failed_) return false;
  if (copying_) return true;
  std::uint64_t before = 0;
  for (const Segment& segment : segments_) before += segment.size;
  before -= segments_.back().size;
  // Few live records are copied in one step, and then the store has its base size.
  const bool is_small = live_octets_ <= options_.copy_step;
  return before > 2 * live_octets_ + (is_small ? 0 : options_.segment_size);
}

DiskResult<ByteVec> Journal::read_segment(Segment& segment) {
  auto octets = read_some(*segment.file, 0, segment.end);
  if (octets && octets->size() < segment.end) return std::unexpected(EIO);
  return octets;
}

bool Journal::begin_copying() {
  Segment& oldest = segments_.front();
  auto octets = read_segment(oldest);
  if (!octets) {
    copying_failed_ = true;
    warn("store.copy.failed", Severity::kError,
         broken(octets.error(), "read " + segment_name(oldest.header.number)).message +
             " The journal grows until it is restored.");
    return false;
  }
  copying_.emplace();
  copying_->octets = std::move(*octets);
  copying_->batches.emplace(oldest.header, copying_->octets);
  return true;
}

/// Appends live records of the oldest segment to a batch. They stand before the changes of the
/// batch, which therefore replace them.
std::uint32_t Journal::copy_some(ByteVec& batch) {
  if (!copying_ && !begin_copying()) return 0;
  CopyProgress& from = *copying_;
  std::uint32_t copied = 0;
  while (batch.size() < options_.copy_step) {
    if (from.payload.empty()) {
      if (from.batches->next(from.payload)) {
        from.offset = from.batches->payload_offset();
        continue;
      }
      from.finished = from.batches->offset() == segments_.front().end;
      if (from.finished) break;
      copying_failed_ = true;
      warn("store.copy.failed", Severity::kError,
           "The journal in " + disk_.path() +
               " is damaged: " + segment_name(segments_.front().header.number) + " at octet " +
               std::to_string(from.batches->offset()) +
               " was whole when the server started. The journal grows until it is restored.");
      copying_.reset();
      break;
    }
    auto record = parse_record(from.payload);
    HF_ASSERT(record);  // The batch was whole.
    auto live = record->erased ? index_.end() : index_.find(index_key(record->table, record->key));
    const Place place{segments_.front().header.number, static_cast<std::uint32_t>(from.offset),
                      static_cast<std::uint32_t>(record->size)};
    if (live != index_.end() && live->second == place) {
      batch.insert(batch.end(), from.payload.begin(), from.payload.begin() + record->size);
      ++copied;
    }
    from.payload = from.payload.subspan(record->size);
    from.offset += record->size;
  }
  return copied;
}

void Journal::retire_oldest() {
  Segment oldest = std::move(segments_.front());
  segments_.pop_front();
  copying_.reset();
  const std::string name = segment_name(oldest.header.number);
  // Its blocks become the next spare, so that a full volume does not stop a store whose records
  // are not growing.
  const bool reuse =
      !spare_ && !old_taken_ && old_.file == nullptr && oldest.size == options_.segment_size;
  if (reuse && disk_.rename(name, "old.tmp")) {
    old_ = Spare{.name = "old.tmp", .file = std::move(oldest.file), .size = oldest.size};
    return;
  }
  (void)disk_.unlink(name);  // Otherwise the next start does it.
}

Spare Journal::take_old() {
  old_taken_ = true;
  return std::move(old_);
}

void Journal::give_spare(DiskResult<Spare> made) {
  old_taken_ = false;
  old_ = {};
  if (made) spare_ = std::move(*made);
}

std::uint64_t Journal::disk_octets() const {
  std::uint64_t total = spare_ ? spare_->size : 0;
  for (const Segment& segment : segments_) total += segment.size;
  return total;
}

StoreResult<std::vector<ports::StoreRecord>> Journal::load() {
  std::vector<ports::StoreRecord> records;
  records.reserve(index_.size());
  for (Segment& segment : segments_) {
    auto octets = read_segment(segment);
    const std::string name = segment_name(segment.header.number);
    if (!octets) return std::unexpected(broken(octets.error(), "read " + name));
    for (const auto& [key, place] : index_) {
      if (place.segment != segment.header.number) continue;
      auto record = parse_record(Bytes(*octets).subspan(place.offset, place.size));
      if (!record) return std::unexpected(broken(EIO, "read a record of " + name));
      records.push_back({record->table, to_vec(record->key), to_vec(record->value)});
    }
  }
  return records;
}

ByteVec Journal::condensed(Bytes payload) const {
  std::unordered_map<std::string, std::size_t> last;
  for (Bytes left = payload; !left.empty();) {
    auto record = parse_record(left);
    HF_ASSERT(record);
    last[index_key(record->table, record->key)] = payload.size() - left.size();
    left = left.subspan(record->size);
  }
  ByteVec kept;
  for (Bytes left = payload; !left.empty();) {
    auto record = parse_record(left);
    const std::string key = index_key(record->table, record->key);
    const bool is_last = last[key] == payload.size() - left.size();
    if (is_last && (!record->erased || index_.contains(key)))
      kept.insert(kept.end(), left.begin(), left.begin() + record->size);
    left = left.subspan(record->size);
  }
  return kept;
}

}  // namespace holdfast::platform::store
