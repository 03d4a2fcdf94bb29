// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/file_information.h"

#include "base/utf16.h"
#include "wire/dtyp/sid_codec.h"

namespace holdfast::wire::fscc {
namespace {

constexpr std::size_t kStreamFixedSize = 24;

/// A 32-bit length and that many octets of UTF-16LE.
Result<Bytes> read_sized_name(Reader& r) {
  std::uint32_t length = r.u32();
  if (length % 2 != 0) return fail(NtStatus::kInvalidParameter);
  Bytes name = r.bytes(length);
  if (!r.ok()) return fail(NtStatus::kInfoLengthMismatch);
  return name;
}

void append_sized_name(std::string_view name, Writer& w) {
  std::size_t at = w.position();
  w.u32(0);
  w.patch_u32(at, static_cast<std::uint32_t>(append_utf16le(name, w)));
}

Result<void> decode_rename(Bytes bytes, bool is_ex, RenameInformation& x) {
  Reader r(bytes);
  if (is_ex) {
    x.flags = r.u32();
  } else {
    x.flags = r.u8() != 0 ? RenameInformation::kReplaceIfExists : 0;
    r.skip(3);
  }
  r.skip(4);
  x.root_directory = r.u64();
  Result<Bytes> name = read_sized_name(r);
  if (!name) return fail(name.error());
  x.file_name = *name;
  return {};
}

void append_rename(const RenameInformation& x, bool is_ex, Writer& w) {
  w.u32(is_ex ? x.flags : x.replace_if_exists() ? 1 : 0);
  w.zeros(4);
  w.u64(x.root_directory);
  w.u32(static_cast<std::uint32_t>(x.file_name.size()));
  w.bytes(x.file_name);
}

}  // namespace

std::size_t append_utf16le(std::string_view utf8, Writer& w) {
  std::size_t ascii = 0;
  while (ascii < utf8.size() && static_cast<std::uint8_t>(utf8[ascii]) < 0x80) ++ascii;
  if (ascii < utf8.size()) {
    ByteVec units = to_utf16le(utf8);
    w.bytes(units);
    return units.size();
  }
  MutBytes out = w.buffer().extend(2 * ascii);
  for (std::size_t i = 0; i < ascii; ++i) {
    out[2 * i] = static_cast<std::uint8_t>(utf8[i]);
    out[2 * i + 1] = 0;
  }
  return 2 * ascii;
}

NtStatus fit(Buffer& out, std::size_t begin, std::size_t output_buffer_length) {
  if (out.size() - begin <= output_buffer_length) return NtStatus::kSuccess;
  out.truncate(begin + output_buffer_length);
  return NtStatus::kBufferOverflow;
}

void append(const NameInformation& x, Writer& w) { append_sized_name(x.file_name, w); }

Result<void> decode(Bytes bytes, NameInformation& x) {
  Reader r(bytes);
  Result<Bytes> name = read_sized_name(r);
  if (!name) return fail(name.error());
  x.file_name = utf16le_to_utf8(*name);
  return {};
}

void append(const AllInformation& x, Writer& w) {
  append(x.basic, w);
  append(x.standard, w);
  append(x.internal, w);
  append(x.ea, w);
  append(x.access, w);
  append(x.position, w);
  append(x.mode, w);
  append(x.alignment, w);
  append(x.name, w);
}

Result<void> decode(Bytes bytes, AllInformation& x) {
  Reader r(bytes);
  read(r, x.basic);
  read(r, x.standard);
  read(r, x.internal);
  read(r, x.ea);
  read(r, x.access);
  read(r, x.position);
  read(r, x.mode);
  read(r, x.alignment);
  if (!r.ok()) return fail(NtStatus::kInfoLengthMismatch);
  return decode(r.rest(), x.name);
}

bool append(const std::vector<StreamInformation>& streams, std::size_t maximum, Writer& w) {
  std::size_t begin = w.position();
  std::size_t last = 0;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamInformation& x = streams[i];
    std::size_t end = w.position();
    if (i != 0) w.zeros((8 - (end - begin) % 8) % 8);
    std::size_t at = w.position();
    w.u32(0);
    w.u32(0);
    w.u64(x.stream_size);
    w.u64(x.stream_allocation_size);
    w.patch_u32(at + 4, static_cast<std::uint32_t>(append_utf16le(x.stream_name, w)));
    if (w.position() - begin > maximum) {
      w.buffer().truncate(w.buffer().size() - (w.position() - end));
      return false;
    }
    if (i != 0) w.patch_u32(last, static_cast<std::uint32_t>(at - last));
    last = at;
  }
  return true;
}

Result<void> decode(Bytes bytes, std::vector<StreamInformation>& streams) {
  streams.clear();
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    std::size_t length = r.u32();
    StreamInformation x;
    x.stream_size = r.u64();
    x.stream_allocation_size = r.u64();
    Bytes name = r.bytes(length);
    if (!r.ok() || length % 2 != 0) return fail(NtStatus::kInfoLengthMismatch);
    x.stream_name = utf16le_to_utf8(name);
    streams.push_back(std::move(x));
    if (next == 0) break;
    if (next < kStreamFixedSize || next > bytes.size()) return fail(NtStatus::kInfoLengthMismatch);
    bytes = bytes.subspan(next);
  }
  return {};
}

void append(const RenameInformation& x, Writer& w) { append_rename(x, false, w); }
void append_ex(const RenameInformation& x, Writer& w) { append_rename(x, true, w); }
Result<void> decode(Bytes bytes, RenameInformation& x) { return decode_rename(bytes, false, x); }
Result<void> decode_ex(Bytes bytes, RenameInformation& x) { return decode_rename(bytes, true, x); }

void append(const ShortNameInformation& x, Writer& w) {
  w.u32(static_cast<std::uint32_t>(x.file_name.size()));
  w.bytes(x.file_name);
}

Result<void> decode(Bytes bytes, ShortNameInformation& x) {
  Reader r(bytes);
  Result<Bytes> name = read_sized_name(r);
  if (!name) return fail(name.error());
  x.file_name = *name;
  return {};
}

void append(const PosixInformation& x, Writer& w) {
  for (NtTime time : {x.creation_time, x.last_access_time, x.last_write_time, x.change_time})
    w.u64(time.ticks);
  w.u64(x.end_of_file);
  w.u64(x.allocation_size);
  w.u32(x.dos_attributes);
  w.u64(x.inode);
  w.u32(x.device_id);
  w.u32(0);
  w.u32(x.hard_links);
  w.u32(x.reparse_tag);
  w.u32(x.mode);
  dtyp::append(x.owner, w);
  dtyp::append(x.group, w);
}

Result<void> decode(Bytes bytes, PosixInformation& x) {
  Reader r(bytes);
  for (NtTime* time : {&x.creation_time, &x.last_access_time, &x.last_write_time, &x.change_time})
    time->ticks = r.u64();
  x.end_of_file = r.u64();
  x.allocation_size = r.u64();
  x.dos_attributes = r.u32();
  x.inode = r.u64();
  x.device_id = r.u32();
  r.skip(4);
  x.hard_links = r.u32();
  x.reparse_tag = r.u32();
  x.mode = r.u32();
  std::optional<Sid> owner = dtyp::read_sid(r);
  std::optional<Sid> group = dtyp::read_sid(r);
  if (!owner || !group) return fail(NtStatus::kInfoLengthMismatch);
  x.owner = *owner;
  x.group = *group;
  return {};
}

}  // namespace holdfast::wire::fscc
