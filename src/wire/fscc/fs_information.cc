// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/fs_information.h"

#include "base/utf16.h"
#include "wire/fscc/file_information.h"

namespace holdfast::wire::fscc {
namespace {

/// Length of the name in octets and the name.
void append_name(std::string_view name, Writer& w) {
  std::size_t at = w.position();
  w.u32(0);
  w.patch_u32(at, static_cast<std::uint32_t>(append_utf16le(name, w)));
}

Result<std::string> read_name(Reader& r, std::size_t length) {
  Bytes name = r.bytes(length);
  if (!r.ok() || length % 2 != 0) return fail(NtStatus::kInfoLengthMismatch);
  return utf16le_to_utf8(name);
}

}  // namespace

void append(const FsVolumeInformation& x, Writer& w) {
  w.u64(x.volume_creation_time.ticks);
  w.u32(x.volume_serial_number);
  std::size_t at = w.position();
  w.u32(0);
  w.u8(x.supports_objects ? 1 : 0);
  w.u8(0);
  w.patch_u32(at, static_cast<std::uint32_t>(append_utf16le(x.volume_label, w)));
}

Result<void> decode(Bytes bytes, FsVolumeInformation& x) {
  Reader r(bytes);
  x.volume_creation_time.ticks = r.u64();
  x.volume_serial_number = r.u32();
  std::size_t length = r.u32();
  x.supports_objects = r.u8() != 0;
  r.skip(1);
  Result<std::string> label = read_name(r, length);
  if (!label) return fail(label.error());
  x.volume_label = std::move(*label);
  return {};
}

void append(const FsLabelInformation& x, Writer& w) { append_name(x.volume_label, w); }

Result<void> decode(Bytes bytes, FsLabelInformation& x) {
  Reader r(bytes);
  Result<std::string> label = read_name(r, r.u32());
  if (!label) return fail(label.error());
  x.volume_label = std::move(*label);
  return {};
}

void append(const FsAttributeInformation& x, Writer& w) {
  w.u32(x.file_system_attributes);
  w.u32(x.maximum_component_name_length);
  append_name(x.file_system_name, w);
}

Result<void> decode(Bytes bytes, FsAttributeInformation& x) {
  Reader r(bytes);
  x.file_system_attributes = r.u32();
  x.maximum_component_name_length = r.u32();
  Result<std::string> name = read_name(r, r.u32());
  if (!name) return fail(name.error());
  x.file_system_name = std::move(*name);
  return {};
}

void append(const FsDriverPathInformation& x, Writer& w) {
  w.u8(x.driver_in_path ? 1 : 0);
  w.zeros(3);
  append_name(x.driver_name, w);
}

Result<void> decode(Bytes bytes, FsDriverPathInformation& x) {
  Reader r(bytes);
  x.driver_in_path = r.u8() != 0;
  r.skip(3);
  Result<std::string> name = read_name(r, r.u32());
  if (!name) return fail(name.error());
  x.driver_name = std::move(*name);
  return {};
}

}  // namespace holdfast::wire::fscc
