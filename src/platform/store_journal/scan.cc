// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/scan.h"

#include <algorithm>
#include <map>

#include "platform/store_journal/errors.h"

namespace holdfast::platform::store {
namespace {

using ports::StoreError;
using ports::StoreResult;

/// A segment as it was read.
struct Loaded {
  SegmentHeader header;
  std::string name;
  ByteVec octets;
};

std::unexpected<StoreError> damaged(const Disk& disk, const std::string& segment,
                                    std::uint64_t offset, const std::string& what) {
  return std::unexpected(StoreError{NtStatus::kUnexpectedIoError,
                                    "The journal in " + disk.path() + " is damaged: " + segment +
                                        " at octet " + std::to_string(offset) + ": " + what +
                                        " Restore the folder, or move it away to begin without "
                                        "what it held."});
}

StoreResult<Loaded> load_segment(Disk& disk, const std::string& name) {
  const std::string what = "read " + name + " in " + disk.path();
  auto file = disk.open(name, Disk::Open::kRead);
  if (!file) return std::unexpected(error_of(file.error(), what));
  auto size = (*file)->size();
  if (!size) return std::unexpected(error_of(size.error(), what));
  if (*size > kMaxBatch + 16 * kBlock) return damaged(disk, name, 0, "the file is too large.");
  auto octets = read_some(**file, 0, *size);
  if (!octets) return std::unexpected(error_of(octets.error(), what));
  Loaded loaded{.header = {}, .name = name, .octets = std::move(*octets)};
  std::uint16_t version = 0;
  switch (decode_segment_header(loaded.octets, loaded.header, version)) {
    case HeaderProblem::kNone: break;
    case HeaderProblem::kDamaged: return damaged(disk, name, 0, "its first block is not whole.");
    case HeaderProblem::kNewer:
      return std::unexpected(StoreError{
          NtStatus::kRevisionMismatch,
          "The journal in " + disk.path() + " was written by a newer Holdfast (version " +
              std::to_string(version) + " of the format; this one reads up to " +
              std::to_string(kFormatVersion) + "). Start that one, or end it in order first."});
  }
  return loaded;
}

/// The last octet from `offset` on that is not zero, plus one; `offset` when all are zero.
std::uint64_t content_end(Bytes octets, std::uint64_t offset) {
  std::uint64_t end = octets.size();
  while (end > offset && octets[end - 1] == 0) --end;
  return end;
}

/// Whether a whole batch with at least this sequence stands somewhere from `offset` on.
bool later_batch(const Loaded& segment, std::uint64_t offset, std::uint64_t sequence) {
  const Bytes octets = segment.octets;
  for (; offset < octets.size(); offset += kBlock) {
    auto header = peek_batch(octets.subspan(offset));
    if (header && header->store == segment.header.store &&
        header->segment == segment.header.number && header->sequence >= sequence &&
        batch_intact(octets.subspan(offset), *header))
      return true;
  }
  return false;
}

/// What can be told about the records of a batch whose CRC is wrong.
std::string name_damage(Bytes octets, std::uint64_t sequence) {
  std::string text = "batch " + std::to_string(sequence) + " is not whole";
  auto header = peek_batch(octets);
  if (!header) return text + " (its header).";
  Bytes payload = octets.subspan(kBatchHeader, header->payload_size);
  for (std::uint32_t i = 0; i < header->records; ++i) {
    auto record = parse_record(payload);
    if (!record) {
      text += " (record " + std::to_string(i + 1) + " of " + std::to_string(header->records);
      if (payload.size() >= kRecordHeader)
        text += ", table " + std::to_string(load_u16(payload.data() + 6));
      return text + ").";
    }
    payload = payload.subspan(record->size);
  }
  return text + " (all of its records are).";
}

class Scanner {
 public:
  Scanner(Disk& disk, const RecordVisitor& visitor) : disk_(disk), visitor_(visitor) {}

  StoreResult<Scan> all();
  StoreResult<Scan> one(const std::string& name);

 private:
  StoreResult<void> find_oldest(const Loaded& last);
  StoreResult<std::vector<std::uint64_t>> chain(const Loaded& last);
  StoreResult<void> read(const Loaded& segment, std::optional<std::uint64_t> successor);
  StoreResult<void> visit(const Loaded& segment, const BatchCursor& cursor, Bytes payload);

  Disk& disk_;
  const RecordVisitor& visitor_;
  Scan scan_;
  std::map<std::uint64_t, std::string> names_;
};

StoreResult<void> Scanner::visit(const Loaded& segment, const BatchCursor& cursor, Bytes payload) {
  std::uint64_t offset = cursor.payload_offset();
  for (std::uint32_t i = 0; i < cursor.header().records; ++i) {
    auto record = parse_record(payload);
    if (!record)
      return damaged(disk_, segment.name, offset,
                     "record " + std::to_string(i + 1) + " of batch " +
                         std::to_string(cursor.header().sequence) + " is malformed.");
    const Place place{segment.header.number, static_cast<std::uint32_t>(offset),
                      static_cast<std::uint32_t>(record->size)};
    if (visitor_) visitor_(*record, place, cursor.header().sequence);
    payload = payload.subspan(record->size);
    offset += record->size;
  }
  if (payload.empty()) return {};
  return damaged(disk_, segment.name, offset,
                 "batch " + std::to_string(cursor.header().sequence) + " has octets too many.");
}

/// `successor`: the first sequence of the segment that follows.
StoreResult<void> Scanner::read(const Loaded& segment, std::optional<std::uint64_t> successor) {
  BatchCursor cursor(segment.header, segment.octets);
  SegmentInfo info{.header = segment.header, .file_size = segment.octets.size()};
  Bytes payload;
  while (cursor.sequence() != successor && cursor.next(payload)) {
    if (auto done = visit(segment, cursor, payload); !done) return done;
    scan_.oldest = std::max(scan_.oldest, cursor.header().oldest);
    ++info.batches;
  }
  info.end = cursor.offset();
  scan_.segments.push_back(info);
  scan_.next_sequence = cursor.sequence();
  if (cursor.sequence() == successor) return {};
  const std::uint64_t end = content_end(segment.octets, info.end);
  const Bytes rest = Bytes(segment.octets).subspan(std::min<std::size_t>(info.end, end));
  if (successor || later_batch(segment, info.end, cursor.sequence()))
    return damaged(disk_, segment.name, info.end, name_damage(rest, cursor.sequence()));
  if (end > info.end)
    scan_.tail = CutTail{segment.name, info.end, end - info.end, cursor.sequence()};
  return {};
}

/// Which segments are needed is known from the last batch of the last segment only.
StoreResult<void> Scanner::find_oldest(const Loaded& last) {
  BatchCursor cursor(last.header, last.octets);
  Bytes payload;
  scan_.oldest = last.header.oldest;
  while (cursor.next(payload)) scan_.oldest = std::max(scan_.oldest, cursor.header().oldest);
  if (scan_.oldest <= last.header.number) return {};
  return damaged(disk_, last.name, 0, "it names a later segment as the oldest.");
}

/// Numbers of the segments in use, oldest first, without the last.
StoreResult<std::vector<std::uint64_t>> Scanner::chain(const Loaded& last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = last.header.previous; number != 0 && number >= scan_.oldest;) {
    if (!names_.contains(number))
      return damaged(disk_, segment_name(number), 0, "the file is missing.");
    auto file = disk_.open(names_[number], Disk::Open::kRead);
    const std::string what = "read " + names_[number] + " in " + disk_.path();
    if (!file) return std::unexpected(error_of(file.error(), what));
    auto block = read_some(**file, 0, kBlock);
    if (!block) return std::unexpected(error_of(block.error(), what));
    SegmentHeader header;
    std::uint16_t version = 0;
    if (decode_segment_header(*block, header, version) != HeaderProblem::kNone ||
        header.number != number || header.store != last.header.store)
      return damaged(disk_, names_[number], 0, "its first block is not whole.");
    numbers.insert(numbers.begin(), number);
    number = header.previous;
  }
  return numbers;
}

StoreResult<Scan> Scanner::all() {
  auto names = disk_.list();
  if (!names) return std::unexpected(error_of(names.error(), "list " + disk_.path()));
  for (const std::string& name : *names)
    if (auto number = segment_number(name)) names_.emplace(*number, name);
  std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".tmp"); });
  scan_.leftovers = std::move(*names);
  if (names_.empty()) return std::move(scan_);

  auto last = load_segment(disk_, names_.rbegin()->second);
  if (!last) return std::unexpected(last.error());
  if (last->header.number != names_.rbegin()->first)
    return damaged(disk_, last->name, 0, "it is another segment than its name says.");
  scan_.store = last->header.store;
  if (auto found = find_oldest(*last); !found) return std::unexpected(found.error());
  auto numbers = chain(*last);
  if (!numbers) return std::unexpected(numbers.error());
  std::optional<Loaded> before;
  for (std::uint64_t number : *numbers) {
    auto segment = load_segment(disk_, names_[number]);
    if (!segment) return std::unexpected(segment.error());
    if (before)
      if (auto done = read(*before, segment->header.first_sequence); !done)
        return std::unexpected(done.error());
    before = std::move(*segment);
  }
  if (before)
    if (auto done = read(*before, last->header.first_sequence); !done)
      return std::unexpected(done.error());
  if (auto done = read(*last, std::nullopt); !done) return std::unexpected(done.error());
  for (const SegmentInfo& used : scan_.segments) names_.erase(used.header.number);
  for (const auto& [number, name] : names_) scan_.leftovers.push_back(name);
  return std::move(scan_);
}

StoreResult<Scan> Scanner::one(const std::string& name) {
  auto segment = load_segment(disk_, name);
  if (!segment) return std::unexpected(segment.error());
  scan_.store = segment->header.store;
  scan_.oldest = segment->header.oldest;
  if (auto done = read(*segment, std::nullopt); !done) return std::unexpected(done.error());
  return std::move(scan_);
}

}  // namespace

bool BatchCursor::next(Bytes& payload) {
  if (offset_ >= octets_.size()) return false;
  const Bytes here = octets_.subspan(offset_);
  auto batch = peek_batch(here);
  if (!batch || batch->store != header_.store || batch->segment != header_.number ||
      batch->sequence != sequence_ || !batch_intact(here, *batch))
    return false;
  batch_ = *batch;
  payload_offset_ = offset_ + kBatchHeader;
  payload = here.subspan(kBatchHeader, batch_.payload_size);
  offset_ += round_up_to_block(kBatchHeader + batch_.payload_size);
  ++sequence_;
  return true;
}

StoreResult<Scan> scan_journal(Disk& disk, const RecordVisitor& visitor) {
  return Scanner(disk, visitor).all();
}

StoreResult<Scan> scan_segment(Disk& disk, const std::string& name, const RecordVisitor& visitor) {
  return Scanner(disk, visitor).one(name);
}

}  // namespace holdfast::platform::store
