// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/directory_information.h"

#include "base/reader.h"
#include "base/utf16.h"
#include "wire/dtyp/sid_codec.h"
#include "wire/fscc/constants.h"
#include "wire/fscc/file_information.h"

namespace holdfast::wire::fscc {
namespace {

/// 8.3 names are 24 octets in their classes.
constexpr std::size_t kShortNameSize = 24;

/// What follows FileNameLength in a class, in the order of the wire.
struct Layout {
  bool ea_size = false;
  bool reparse_tag = false;
  bool file_id_64_early = false;
  bool file_id_128 = false;
  bool short_name = false;
  /// 2 or 4 octets that align the id behind, then the id.
  std::uint8_t pad_before_file_id = 0;
  bool file_id_64_late = false;
};

Layout layout_of(FileInfoClass c) {
  switch (c) {
    case FileInfoClass::kFullDirectory: return {.ea_size = true};
    case FileInfoClass::kBothDirectory: return {.ea_size = true, .short_name = true};
    case FileInfoClass::kIdFullDirectory:
      return {.ea_size = true, .pad_before_file_id = 4, .file_id_64_late = true};
    case FileInfoClass::kIdBothDirectory:
      return {
          .ea_size = true, .short_name = true, .pad_before_file_id = 2, .file_id_64_late = true};
    case FileInfoClass::kIdExtdDirectory:
      return {.ea_size = true, .reparse_tag = true, .file_id_128 = true};
    case FileInfoClass::kId64ExtdDirectory:
      return {.ea_size = true, .reparse_tag = true, .file_id_64_early = true};
    case FileInfoClass::kId64ExtdBothDirectory:
      return {.ea_size = true, .reparse_tag = true, .file_id_64_early = true, .short_name = true};
    case FileInfoClass::kIdAllExtdDirectory:
      return {.ea_size = true, .reparse_tag = true, .file_id_64_early = true, .file_id_128 = true};
    case FileInfoClass::kIdAllExtdBothDirectory:
      return {.ea_size = true,
              .reparse_tag = true,
              .file_id_64_early = true,
              .file_id_128 = true,
              .short_name = true};
    default: return {};
  }
}

std::uint32_t ea_size_field(const DirectoryEntry& x, const Layout& layout) {
  bool tag_instead = !layout.reparse_tag && (x.file_attributes & attributes::kReparsePoint) != 0;
  return tag_instead ? x.reparse_tag : x.ea_size;
}

void put_short_name(const DirectoryEntry& x, Writer& w) {
  std::size_t length_at = w.position();
  w.u16(0);
  std::size_t length = append_utf16le(x.short_name, w);
  if (length > kShortNameSize) {
    w.buffer().truncate(w.buffer().size() - (length - kShortNameSize));
    length = kShortNameSize;
  }
  w.zeros(kShortNameSize - length);
  w.patch_u8(length_at, static_cast<std::uint8_t>(length));
}

/// Apple's SMB client, "ReadDirAttr Support".
void put_apple(const AppleAttributes& x, Writer& w) {
  w.u8(kShortNameSize);
  w.u8(0);
  w.u64(x.resource_fork_size);
  w.bytes(x.finder_info);
  w.u16(x.mode);
}

void put_times_and_sizes(const DirectoryEntry& x, Writer& w) {
  for (NtTime time : {x.creation_time, x.last_access_time, x.last_write_time, x.change_time})
    w.u64(time.ticks);
  w.u64(x.end_of_file);
  w.u64(x.allocation_size);
  w.u32(x.file_attributes);
}

void put_posix(const DirectoryEntry& x, Writer& w) {
  put_times_and_sizes(x, w);
  w.u64(x.file_id);
  w.u32(x.device_id);
  w.u32(0);
  w.u32(x.hard_links);
  w.u32(x.reparse_tag);
  w.u32(x.mode);
  dtyp::append(x.owner, w);
  dtyp::append(x.group, w);
}

void read_times_and_sizes(Reader& r, DirectoryEntry& x) {
  for (NtTime* time : {&x.creation_time, &x.last_access_time, &x.last_write_time, &x.change_time})
    time->ticks = r.u64();
  x.end_of_file = r.u64();
  x.allocation_size = r.u64();
  x.file_attributes = r.u32();
}

void read_short_name(Reader& r, DirectoryEntry& x) {
  std::size_t length = r.u8();
  r.skip(1);
  Bytes name = r.bytes(kShortNameSize);
  if (length > name.size() || length % 2 != 0) return r.fail();
  x.short_name = utf16le_to_utf8(name.first(length));
}

/// Reads an entry behind NextEntryOffset.
void read_entry(FileInfoClass c, Reader& r, DirectoryEntry& x) {
  x.file_index = r.u32();
  std::size_t name_length;
  if (c == FileInfoClass::kPosix) {
    read_times_and_sizes(r, x);
    x.file_id = r.u64();
    x.device_id = r.u32();
    r.skip(4);
    x.hard_links = r.u32();
    x.reparse_tag = r.u32();
    x.mode = r.u32();
    x.owner = dtyp::read_sid(r).value_or(Sid{});
    x.group = dtyp::read_sid(r).value_or(Sid{});
    name_length = r.u32();
  } else {
    if (c != FileInfoClass::kNames) read_times_and_sizes(r, x);
    name_length = r.u32();
    Layout layout = layout_of(c);
    if (layout.ea_size) x.ea_size = r.u32();
    if (layout.reparse_tag) x.reparse_tag = r.u32();
    if (layout.file_id_64_early) x.file_id = r.u64();
    if (layout.file_id_128) {
      Bytes id = r.bytes(16);
      if (r.ok()) std::memcpy(x.file_id_128.data(), id.data(), 16);
    }
    if (layout.short_name) read_short_name(r, x);
    r.skip(layout.pad_before_file_id);
    if (layout.file_id_64_late) x.file_id = r.u64();
    if (layout.ea_size && !layout.reparse_tag &&
        (x.file_attributes & attributes::kReparsePoint) != 0)
      std::swap(x.ea_size, x.reparse_tag);
  }
  if (name_length % 2 != 0) r.fail();
  x.file_name = utf16le_to_utf8(r.bytes(name_length));
}

}  // namespace

bool is_directory_class(FileInfoClass info_class) {
  const InfoClassRow* row = file_info_row(static_cast<std::uint8_t>(info_class));
  return row != nullptr && (row->directory || info_class == FileInfoClass::kPosix);
}

std::size_t directory_entry_fixed_size(FileInfoClass info_class) {
  HF_ASSERT(is_directory_class(info_class));
  // NextEntryOffset, FileIndex, all fields up to the mode, FileNameLength.
  if (info_class == FileInfoClass::kPosix) return 8 + 80 + 4;
  return file_info_row(static_cast<std::uint8_t>(info_class))->query_minimum;
}

DirectoryAppender::DirectoryAppender(FileInfoClass info_class, Buffer& out, std::size_t maximum)
    : info_class_(info_class), out_(out), begin_(out.size()), maximum_(maximum) {
  HF_ASSERT(is_directory_class(info_class));
}

std::size_t DirectoryAppender::put(const DirectoryEntry& x, std::size_t at) {
  Writer w(out_);
  w.zeros(begin_ + at - out_.size());
  std::size_t start = w.position();
  w.u32(0);
  w.u32(x.file_index);
  std::size_t length_at;
  if (info_class_ == FileInfoClass::kPosix) {
    put_posix(x, w);
    length_at = w.position();
    w.u32(0);
  } else {
    if (info_class_ != FileInfoClass::kNames) put_times_and_sizes(x, w);
    length_at = w.position();
    w.u32(0);
    Layout layout = layout_of(info_class_);
    if (layout.ea_size) w.u32(ea_size_field(x, layout));
    if (layout.reparse_tag) w.u32(x.reparse_tag);
    if (layout.file_id_64_early) w.u64(x.file_id);
    if (layout.file_id_128) w.bytes(x.file_id_128);
    if (x.apple && info_class_ == FileInfoClass::kIdBothDirectory) {
      put_apple(*x.apple, w);
    } else {
      if (layout.short_name) put_short_name(x, w);
      w.zeros(layout.pad_before_file_id);
    }
    if (layout.file_id_64_late) w.u64(x.file_id);
  }
  std::size_t fixed = w.position() - start;
  w.patch_u32(length_at, static_cast<std::uint32_t>(append_utf16le(x.file_name, w)));
  return fixed;
}

bool DirectoryAppender::append(const DirectoryEntry& entry) {
  std::size_t end = out_.size();
  std::size_t at = (size() + 7) & ~std::size_t{7};
  // The cheap answer for a full buffer.
  if (at + directory_entry_fixed_size(info_class_) > maximum_) return false;
  put(entry, at);
  if (size() > maximum_) {
    out_.truncate(end);
    return false;
  }
  if (count_ != 0) store_u32(out_.data() + begin_ + last_, static_cast<std::uint32_t>(at - last_));
  last_ = at;
  ++count_;
  return true;
}

bool DirectoryAppender::append_truncated(const DirectoryEntry& entry) {
  if (count_ != 0) return false;
  std::size_t fixed = put(entry, 0);
  if (fixed > maximum_) {
    out_.truncate(begin_);
    return false;
  }
  if (size() > maximum_) out_.truncate(begin_ + maximum_);
  ++count_;
  return true;
}

Result<std::vector<DirectoryEntry>> decode_directory(FileInfoClass info_class, Bytes bytes) {
  std::vector<DirectoryEntry> entries;
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    DirectoryEntry entry;
    read_entry(info_class, r, entry);
    if (!r.ok()) return fail(NtStatus::kInvalidNetworkResponse);
    entries.push_back(std::move(entry));
    if (next == 0) break;
    if (next < r.position() || next >= bytes.size()) return fail(NtStatus::kInvalidNetworkResponse);
    bytes = bytes.subspan(next);
  }
  return entries;
}

}  // namespace holdfast::wire::fscc
