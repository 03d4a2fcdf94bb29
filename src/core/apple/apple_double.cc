// SPDX-License-Identifier: Apache-2.0
#include "core/apple/apple_double.h"

#include <algorithm>

#include "base/assert.h"
#include "base/reader.h"
#include "core/path/path.h"

namespace holdfast::core::apple {
namespace {

constexpr std::uint32_t kMagic = 0x00051607;
constexpr std::uint32_t kVersion = 0x00020000;
constexpr std::size_t kMaxEntries = 32;
constexpr std::size_t kFirstEntry = 26;
constexpr std::size_t kEntrySize = 12;

/// Entry ids (RFC 1740), and those that Netatalk adds.
constexpr std::uint32_t kResourceFork = 2, kComment = 4, kDates = 8, kFinder = 9, kAfpFile = 14;
constexpr std::uint32_t kDevice = 0x80444556, kInode = 0x80494E4F, kStamp = 0x8053594E,
                        kShortId = 0x8053567E;

/// Netatalk's metadata: its entries and where they lie.
struct Entry {
  std::uint32_t id;
  Extent at;
};
constexpr Entry kNetatalkEntries[] = {
    {kComment, {154, 0}}, {kDates, {354, 16}}, {kFinder, {122, 32}}, {kAfpFile, {370, 4}},
    {kDevice, {374, 8}},  {kInode, {382, 8}},  {kStamp, {390, 8}},   {kShortId, {398, 4}},
};
constexpr std::size_t kNetatalkSize = 402;
/// File dates: created, modified, backed up, accessed; 4 octets each.
constexpr std::size_t kBackupDateAt = 8;

void put_u16_be(std::uint8_t* p, std::uint16_t v) { store_u16(p, __builtin_bswap16(v)); }
void put_u32_be(std::uint8_t* p, std::uint32_t v) { store_u32(p, __builtin_bswap32(v)); }
std::uint32_t get_u32_be(const std::uint8_t* p) { return __builtin_bswap32(load_u32(p)); }

void put_head(std::uint8_t* p, std::span<const Entry> entries) {
  put_u32_be(p, kMagic);
  put_u32_be(p + 4, kVersion);
  put_u16_be(p + 24, static_cast<std::uint16_t>(entries.size()));
  p += kFirstEntry;
  for (const Entry& e : entries) {
    put_u32_be(p, e.id);
    put_u32_be(p + 4, e.at.offset);
    put_u32_be(p + 8, e.at.length);
    p += kEntrySize;
  }
}

bool lies_in(const std::optional<Extent>& at, std::size_t needed, std::size_t size) {
  return at && at->length >= needed && at->offset <= size && needed <= size - at->offset;
}

}  // namespace

std::string double_path(std::string_view path) {
  std::string_view name = last_component(path);
  std::string out(path.substr(0, path.size() - name.size()));
  return out.append("._").append(name);
}

bool is_double_name(std::string_view name) { return name.size() > 2 && name.starts_with("._"); }

std::optional<std::string> path_of_double(std::string_view path) {
  std::string_view name = last_component(path);
  if (!is_double_name(name)) return std::nullopt;
  std::string out(path.substr(0, path.size() - name.size()));
  return out.append(name.substr(2));
}

bool DoubleHead::is_plain() const {
  return finder_info && finder_info->length == kFinderInfoSize && !says_finder_info &&
         resource_fork && resource_fork->offset == kHeadSize;
}

std::optional<DoubleHead> decode_double_head(Bytes octets) {
  Reader r(octets);
  std::uint32_t magic = r.u32_be();
  std::uint32_t version = r.u32_be();
  r.skip(16);
  std::size_t count = r.u16_be();
  if (!r.ok() || magic != kMagic || version != kVersion || count > kMaxEntries) return std::nullopt;
  DoubleHead out;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t id = r.u32_be();
    Extent at{r.u32_be(), 0};
    at.length = r.u32_be();
    if (!r.ok()) return std::nullopt;
    if (id == kFinder) out.finder_info = at;
    if (id == kResourceFork) out.resource_fork = at;
    if (id == kDates) out.dates = at;
  }
  if (lies_in(out.finder_info, kFinderInfoSize, octets.size()))
    out.says_finder_info =
        std::ranges::any_of(octets.subspan(out.finder_info->offset, kFinderInfoSize),
                            [](std::uint8_t octet) { return octet != 0; });
  return out;
}

std::array<std::uint8_t, kHeadSize> encode_plain_head(std::uint32_t fork_length) {
  std::array<std::uint8_t, kHeadSize> out{};
  const Entry entries[] = {{kFinder, {50, kFinderInfoSize}},
                           {kResourceFork, {kHeadSize, fork_length}}};
  put_head(out.data(), entries);
  return out;
}

std::vector<DoubleAttribute> decode_attributes(Bytes entry, std::uint32_t entry_offset) {
  constexpr std::uint32_t kAttributes = 0x41545452;  // "ATTR"
  std::vector<DoubleAttribute> out;
  Reader r(entry);
  // Two octets align the header behind FinderInfo.
  r.skip(kFinderInfoSize + 2);
  if (r.u32_be() != kAttributes) return out;
  // debug_tag, total_size, data_start, data_length, reserved[3], flags
  r.skip(4 * 4 + 3 * 4 + 2);
  std::size_t count = r.u16_be();
  for (std::size_t i = 0; i < count && r.ok(); ++i) {
    std::uint32_t offset = r.u32_be();
    std::uint32_t length = r.u32_be();
    r.skip(2);
    Bytes name = r.bytes(r.u8());
    // Each entry begins at a multiple of four of the file, as the first one does.
    std::size_t used = 4 + 4 + 2 + 1 + name.size();
    r.skip((4 - used % 4) % 4);
    if (!r.ok() || name.size() < 2 || offset < entry_offset) break;
    Reader values(entry);
    Bytes value = values.at(offset - entry_offset, length);
    if (!values.ok()) break;
    std::string_view text = as_text(name.first(name.size() - 1));  // its NUL
    if (text.find('\0') != std::string_view::npos) break;
    out.push_back({std::string(text), to_vec(value)});
  }
  return out;
}

std::optional<AfpInfo> decode_netatalk_metadata(Bytes ea) {
  std::optional<DoubleHead> head = decode_double_head(ea);
  if (!head || !lies_in(head->finder_info, kFinderInfoSize, ea.size())) return std::nullopt;
  AfpInfo out;
  std::copy_n(ea.begin() + head->finder_info->offset, kFinderInfoSize, out.finder_info.begin());
  if (lies_in(head->dates, kBackupDateAt + 4, ea.size()))
    out.backup_time = get_u32_be(ea.data() + head->dates->offset + kBackupDateAt);
  return out;
}

namespace {

ByteVec empty_netatalk_metadata() {
  ByteVec out(kNetatalkSize, 0);
  put_head(out.data(), kNetatalkEntries);
  for (const Entry& e : kNetatalkEntries)
    for (std::uint32_t i = 0; e.id == kDates && i < e.at.length; i += 4)
      put_u32_be(out.data() + e.at.offset + i, AfpInfo::kNever);
  return out;
}

/// False: it is no metadata, or its parts lie in each other, so that it does not say what was put
/// there.
bool put_info(const AfpInfo& info, ByteVec& ea) {
  std::optional<DoubleHead> head = decode_double_head(ea);
  if (!head || !lies_in(head->finder_info, kFinderInfoSize, ea.size())) return false;
  std::ranges::copy(info.finder_info, ea.begin() + head->finder_info->offset);
  if (lies_in(head->dates, kBackupDateAt + 4, ea.size()))
    put_u32_be(ea.data() + head->dates->offset + kBackupDateAt, info.backup_time);
  std::optional<AfpInfo> now = decode_netatalk_metadata(ea);
  return now && now->finder_info == info.finder_info;
}

}  // namespace

ByteVec encode_netatalk_metadata(const AfpInfo& info, Bytes old) {
  ByteVec out = to_vec(old);
  if (put_info(info, out)) return out;
  out = empty_netatalk_metadata();
  bool done = put_info(info, out);
  HF_ASSERT(done);
  return out;
}

}  // namespace holdfast::core::apple
