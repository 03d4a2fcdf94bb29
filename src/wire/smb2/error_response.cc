// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/error_response.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {
namespace {

constexpr std::uint32_t kSymLinkErrorTag = 0x4C4D5953;
constexpr std::uint32_t kReparseTagSymlink = 0xA000000C;
/// The fixed part after SymLinkLength, and of it what ReparseDataLength counts.
constexpr std::size_t kSymlinkFixed = 24;
constexpr std::size_t kReparseFixed = 12;

}  // namespace

HF_WIRE_IMPLEMENT(ErrorResponse);
HF_WIRE_IMPLEMENT(ErrorContextList);
HF_WIRE_IMPLEMENT(ShareRedirectErrorContext);

bool decode(Bytes message, SymbolicLinkErrorResponse& out) {
  out = {};
  Reader reader(message);
  const std::uint32_t length = reader.u32();
  if (length < kSymlinkFixed || length > reader.remaining()) return false;
  if (reader.u32() != kSymLinkErrorTag || reader.u32() != kReparseTagSymlink) return false;
  reader.skip(2);  // ReparseDataLength; the lengths below are checked instead
  out.unparsed_path_length = reader.u16();
  const std::uint16_t substitute_offset = reader.u16();
  const std::uint16_t substitute_length = reader.u16();
  const std::uint16_t print_offset = reader.u16();
  const std::uint16_t print_length = reader.u16();
  out.flags = reader.u32();
  // The names are counted from the path buffer, which ends where SymLinkLength says.
  Reader path(reader.bytes(length - kSymlinkFixed));
  out.substitute_name = path.at(substitute_offset, substitute_length);
  out.print_name = path.at(print_offset, print_length);
  return reader.ok() && path.ok();
}

void encode(const SymbolicLinkErrorResponse& message, Writer& writer) {
  const std::size_t names = message.substitute_name.size() + message.print_name.size();
  HF_ASSERT(kReparseFixed + names <= 0xFFFF);
  const auto substitute_length = static_cast<std::uint16_t>(message.substitute_name.size());
  writer.u32(static_cast<std::uint32_t>(kSymlinkFixed + names));
  writer.u32(kSymLinkErrorTag);
  writer.u32(kReparseTagSymlink);
  writer.u16(static_cast<std::uint16_t>(kReparseFixed + names));
  writer.u16(message.unparsed_path_length);
  writer.u16(0);
  writer.u16(substitute_length);
  writer.u16(substitute_length);
  writer.u16(static_cast<std::uint16_t>(message.print_name.size()));
  writer.u32(message.flags);
  writer.bytes(message.substitute_name);
  writer.bytes(message.print_name);
}

std::string print(const SymbolicLinkErrorResponse& message) {
  Printer printer("SymbolicLinkErrorResponse");
  printer.field("unparsed_path_length", message.unparsed_path_length);
  printer.field("flags", message.flags);
  printer.name({}, "substitute_name", message.substitute_name);
  printer.name({}, "print_name", message.print_name);
  return printer.take();
}

}  // namespace holdfast::wire::smb2
