// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/reparse.h"

#include "base/reader.h"
#include "base/utf16.h"
#include "wire/fscc/file_information.h"

namespace holdfast::wire::fscc {
namespace {

struct Names {
  std::string substitute_name, print_name;
  std::uint32_t flags = 0;
};

/// The form that symbolic links and mount points share; links have Flags before the path buffer.
ReparseDataBuffer encode_names(std::uint32_t tag, const Names& names, bool has_flags) {
  Buffer path;
  Writer path_writer(path);
  std::size_t substitute = append_utf16le(names.substitute_name, path_writer);
  std::size_t print = append_utf16le(names.print_name, path_writer);
  Buffer out;
  Writer w(out);
  w.u16(0);
  w.u16(static_cast<std::uint16_t>(substitute));
  w.u16(static_cast<std::uint16_t>(substitute));
  w.u16(static_cast<std::uint16_t>(print));
  if (has_flags) w.u32(names.flags);
  w.bytes(path.view());
  return {.reparse_tag = tag, .data = to_vec(out.view())};
}

Result<Names> decode_names(const ReparseDataBuffer& x, std::uint32_t tag, bool has_flags) {
  if (x.reparse_tag != tag) return fail(NtStatus::kIoReparseTagMismatch);
  Reader r(x.data);
  std::size_t substitute_offset = r.u16(), substitute_length = r.u16();
  std::size_t print_offset = r.u16(), print_length = r.u16();
  Names names;
  if (has_flags) names.flags = r.u32();
  Reader path(r.rest());
  Bytes substitute = path.at(substitute_offset, substitute_length);
  Bytes print = path.at(print_offset, print_length);
  if (!r.ok() || !path.ok() || substitute_length % 2 != 0 || print_length % 2 != 0)
    return fail(NtStatus::kIoReparseDataInvalid);
  names.substitute_name = utf16le_to_utf8(substitute);
  names.print_name = utf16le_to_utf8(print);
  return names;
}

}  // namespace

void append(const ReparseDataBuffer& x, Writer& w) {
  w.u32(x.reparse_tag);
  w.u16(static_cast<std::uint16_t>(x.data.size()));
  w.u16(0);
  if (x.reparse_guid) w.bytes(x.reparse_guid->view());
  w.bytes(x.data);
}

Result<ReparseDataBuffer> decode_reparse(Bytes bytes) {
  if (bytes.size() > kMaximumReparseDataBufferSize) return fail(NtStatus::kIoReparseDataInvalid);
  Reader r(bytes);
  ReparseDataBuffer x;
  x.reparse_tag = r.u32();
  std::size_t length = r.u16();
  r.skip(2);
  if ((x.reparse_tag & reparse_tag::kMicrosoftBit) == 0) x.reparse_guid = Guid::from(r.bytes(16));
  if (!r.ok() || r.remaining() != length) return fail(NtStatus::kIoReparseDataInvalid);
  if (x.reparse_tag <= 1) return fail(NtStatus::kIoReparseTagInvalid);
  x.data = to_vec(r.rest());
  return x;
}

ReparseDataBuffer to_reparse(const SymbolicLinkReparse& x) {
  return encode_names(reparse_tag::kSymlink, {x.substitute_name, x.print_name, x.flags}, true);
}

ReparseDataBuffer to_reparse(const MountPointReparse& x) {
  return encode_names(reparse_tag::kMountPoint, {x.substitute_name, x.print_name}, false);
}

Result<SymbolicLinkReparse> decode_symlink(const ReparseDataBuffer& x) {
  Result<Names> names = decode_names(x, reparse_tag::kSymlink, true);
  if (!names) return fail(names.error());
  return SymbolicLinkReparse{std::move(names->substitute_name), std::move(names->print_name),
                             names->flags};
}

Result<MountPointReparse> decode_mount_point(const ReparseDataBuffer& x) {
  Result<Names> names = decode_names(x, reparse_tag::kMountPoint, false);
  if (!names) return fail(names.error());
  return MountPointReparse{std::move(names->substitute_name), std::move(names->print_name)};
}

}  // namespace holdfast::wire::fscc
