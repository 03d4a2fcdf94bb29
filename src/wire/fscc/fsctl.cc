// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/fsctl.h"

namespace holdfast::wire::fscc {

bool append(const std::vector<AllocatedRange>& ranges, std::size_t maximum, Writer& w) {
  std::size_t room = maximum / size_of<AllocatedRange>();
  for (std::size_t i = 0; i < ranges.size() && i < room; ++i) append(ranges[i], w);
  return ranges.size() <= room;
}

Result<void> decode(Bytes bytes, std::vector<AllocatedRange>& ranges) {
  ranges.clear();
  if (bytes.size() % size_of<AllocatedRange>() != 0) return fail(NtStatus::kInvalidParameter);
  Reader r(bytes);
  while (r.remaining() != 0) read(r, ranges.emplace_back());
  return {};
}

Result<bool> decode_set_sparse(Bytes bytes) { return bytes.empty() || bytes[0] != 0; }

bool append_file_regions(const std::vector<FileRegionInfo>& regions, std::size_t maximum,
                         Writer& w) {
  constexpr std::size_t kHeader = 16;
  if (maximum < kHeader) return false;
  std::size_t room = (maximum - kHeader) / size_of<FileRegionInfo>();
  std::size_t count = regions.size() < room ? regions.size() : room;
  w.u32(0);
  w.u32(static_cast<std::uint32_t>(regions.size()));
  w.u32(static_cast<std::uint32_t>(count));
  w.u32(0);
  for (std::size_t i = 0; i < count; ++i) append(regions[i], w);
  return count == regions.size();
}

void append(const FileLevelTrim& x, Writer& w) {
  w.u32(x.key);
  w.u32(static_cast<std::uint32_t>(x.ranges.size()));
  for (const AllocatedRange& range : x.ranges) append(range, w);
}

Result<void> decode(Bytes bytes, FileLevelTrim& x) {
  Reader r(bytes);
  x.key = r.u32();
  std::size_t count = r.u32();
  if (!r.ok() || count > r.remaining() / size_of<AllocatedRange>())
    return fail(NtStatus::kInvalidParameter);
  x.ranges.resize(count);
  for (AllocatedRange& range : x.ranges) read(r, range);
  return {};
}

}  // namespace holdfast::wire::fscc
